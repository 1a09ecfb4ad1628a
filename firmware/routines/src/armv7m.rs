//! The routines themselves: the C library's, and what the Arm EABI (RTABI, section 4.3.4) calls them.
//!
//! They are in assembly because a compiler makes of a loop that copies a call of the routine that it
//! is in.

use core::arch::naked_asm;
use core::ffi::c_int;

/// Copies `len` bytes between places that do not overlap, and returns `to`.
///
/// Four words at a time when both places are aligned to words, which is what loads of several words
/// need; else a word at a time, from and to any address; the last bytes one by one.
///
/// # Safety
/// As of C's `memcpy`.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    naked_asm!(
        "mov ip, r0",
        "orr r3, r0, r1",
        "lsls r3, r3, #30",
        "bne 3f",
        "subs r2, #16",
        "blo 2f",
        "push {{r4-r6}}",
        "1: ldmia r1!, {{r3-r6}}",
        "stmia r0!, {{r3-r6}}",
        "subs r2, #16",
        "bhs 1b",
        "pop {{r4-r6}}",
        "2: adds r2, #16",
        "3: subs r2, #4",
        "blo 5f",
        "4: ldr r3, [r1], #4",
        "str r3, [r0], #4",
        "subs r2, #4",
        "bhs 4b",
        "5: adds r2, #4",
        "beq 7f",
        "6: ldrb r3, [r1], #1",
        "strb r3, [r0], #1",
        "subs r2, #1",
        "bne 6b",
        "7: mov r0, ip",
        "bx lr",
    )
}

/// As [`memcpy`], of any alignment.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __aeabi_memcpy(to: *mut u8, from: *const u8, len: usize) {
    naked_asm!("b {}", sym memcpy)
}

/// As [`memcpy`], of words.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __aeabi_memcpy4(to: *mut u8, from: *const u8, len: usize) {
    naked_asm!("b {}", sym memcpy)
}

/// As [`memcpy`], of double words.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __aeabi_memcpy8(to: *mut u8, from: *const u8, len: usize) {
    naked_asm!("b {}", sym memcpy)
}

/// Fills `len` bytes with the lowest byte of `with`; C's `memset` has the last two the other way
/// round.
///
/// # Safety
/// As of C's `memset`.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __aeabi_memset(to: *mut u8, len: usize, with: c_int) {
    naked_asm!(
        "uxtb r2, r2",
        "orr r2, r2, r2, lsl #8",
        "orr r2, r2, r2, lsl #16",
        "subs r1, #4",
        "blo 2f",
        "1: str r2, [r0], #4",
        "subs r1, #4",
        "bhs 1b",
        "2: adds r1, #4",
        "beq 4f",
        "3: strb r2, [r0], #1",
        "subs r1, #1",
        "bne 3b",
        "4: bx lr",
    )
}

/// As [`__aeabi_memset`], of words.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __aeabi_memset4(to: *mut u8, len: usize, with: c_int) {
    naked_asm!("b {}", sym __aeabi_memset)
}

/// As [`__aeabi_memset`], of double words.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __aeabi_memset8(to: *mut u8, len: usize, with: c_int) {
    naked_asm!("b {}", sym __aeabi_memset)
}

/// Fills `len` bytes with zeros.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __aeabi_memclr(to: *mut u8, len: usize) {
    naked_asm!("movs r2, #0", "b {}", sym __aeabi_memset)
}

/// As [`__aeabi_memclr`], of words.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __aeabi_memclr4(to: *mut u8, len: usize) {
    naked_asm!("movs r2, #0", "b {}", sym __aeabi_memset)
}

/// As [`__aeabi_memclr`], of double words.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __aeabi_memclr8(to: *mut u8, len: usize) {
    naked_asm!("movs r2, #0", "b {}", sym __aeabi_memset)
}

/// The difference of the first two bytes that differ, 0 where none do.
///
/// # Safety
/// As of C's `memcmp`.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, len: usize) -> c_int {
    naked_asm!(
        "1: subs r2, #1",
        "blo 2f",
        "ldrb r3, [r0], #1",
        "ldrb ip, [r1], #1",
        "subs r3, r3, ip",
        "beq 1b",
        "mov r0, r3",
        "bx lr",
        "2: movs r0, #0",
        "bx lr",
    )
}
