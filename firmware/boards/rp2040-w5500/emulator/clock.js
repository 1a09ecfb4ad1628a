// Virtual time, in nanoseconds since the chip was reset, and alarms in it.
//
// It has the face of rp2040js's own clock, for that one's timers. Here an alarm that rings at once
// is a comparison, and no list is walked between alarms.

/** A cycle at 125 MHz. The chip is slower until its PLL runs, which is not modelled. */
export const CYCLE_NANOS = 8;

export class Clock {
    constructor() {
        this.nanos = 0;
        /** When the next alarm rings. */
        this.next = Infinity;
        this.alarms = [];
    }

    get micros() {
        return this.nanos / 1000;
    }

    createAlarm(callback) {
        return new Alarm(this, callback);
    }

    /** Rings what is due, each alarm once. */
    ring() {
        while (this.next <= this.nanos) {
            const alarm = this.alarms.pop();
            alarm.isScheduled = false;
            this.#look();
            alarm.callback();
        }
    }

    /** Puts an alarm into the list, whose last one is the next to ring. */
    add(alarm) {
        const { alarms } = this;
        let place = alarms.length;
        alarms.push(alarm);
        while (place > 0 && alarms[place - 1].nanos <= alarm.nanos) {
            alarms[place] = alarms[place - 1];
            place -= 1;
        }
        alarms[place] = alarm;
        this.#look();
    }

    remove(alarm) {
        this.alarms.splice(this.alarms.indexOf(alarm), 1);
        this.#look();
    }

    #look() {
        const { alarms } = this;
        this.next = alarms.length > 0 ? alarms[alarms.length - 1].nanos : Infinity;
    }
}

class Alarm {
    constructor(clock, callback) {
        this.clock = clock;
        this.callback = callback;
        this.nanos = 0;
        this.isScheduled = false;
    }

    schedule(nanos) {
        this.at(this.clock.nanos + nanos);
    }

    at(nanos) {
        this.cancel();
        this.nanos = nanos;
        this.isScheduled = true;
        this.clock.add(this);
    }

    cancel() {
        if (this.isScheduled) {
            this.isScheduled = false;
            this.clock.remove(this);
        }
    }
}
