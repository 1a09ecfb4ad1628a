//! What the ghost says of captured traffic: how near it comes to the table that would have been
//! enough.

use serde_json::Value;

use super::made::{MAIL_RELAY, json};

const POLICIES: &str = "refuse,early-drop,ranked,adaptive";

/// A figure of the only run of each policy.
fn figures(max: &str, field: &str) -> Vec<f64> {
    let object = json(&[MAIL_RELAY, "-m", max, "--compare", POLICIES]);
    let rows = object["policies"].as_array().unwrap().iter();
    let of_row = |row: &Value| row["runs"][0][field].as_f64().unwrap();
    rows.map(of_row).collect()
}

#[test]
fn with_enough_slots_it_says_how_many_there_were() {
    assert_eq!(figures("9000", "would_need"), figures("9000", "peak_entries"));
    assert_eq!(figures("9000", "would_need_deviation"), [0.0; 4]);
}

#[test]
fn from_a_small_table_it_tells_the_large_one() {
    let enough = figures("9000", "peak_entries")[0];
    for max in ["1000", "671", "300"] {
        let errors = figures(max, "would_need").into_iter().map(|need| need / enough - 1.0);
        for (policy, error) in POLICIES.split(',').zip(errors) {
            println!("REPORT ghost: {policy} with {max} slots: {:+.1} %", 100.0 * error);
            // A refused connection is never seen to close: it is taken to live for longer than it
            // would.
            assert!((-0.1..0.25).contains(&error), "{policy} with {max} slots: {error}");
        }
    }
}
