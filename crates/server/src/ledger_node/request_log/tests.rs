use std::fs;

use inkan_core::Timestamp;

use super::{Line, RequestLog};
use crate::ledger_node::options::LogTo;

fn line(time: i64) -> Line<'static> {
    Line {
        time: Timestamp::from_seconds(time).expect("a time"),
        method: "POST",
        route: "/v1/entries",
        status: 409,
        code: Some("version-conflict"),
        milliseconds: 3,
        network: "192.0.2.0/24",
        entry: None,
    }
}

#[test]
fn a_day_is_kept_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = RequestLog::new(LogTo::Folder(folder.path().to_path_buf()));
    for hour in 0..50 {
        log.write(&line(hour * 3_600));
        log.write(&line(hour * 3_600 + 3_599));
    }
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).expect("a folder").flatten().map(|e| e.file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 24);
    assert_eq!(names[0], "requests-26.jsonl");
    let text = fs::read_to_string(folder.path().join("requests-49.jsonl")).expect("lines");
    let first: serde_json::Value =
        serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    let expected = serde_json::json!({
        "code": "version-conflict", "method": "POST", "ms": 3, "network": "192.0.2.0/24",
        "route": "/v1/entries", "status": 409, "time": 176_400,
    });
    assert_eq!(first, expected);
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn what_is_too_old_goes_though_nobody_asks() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |hour: i64| folder.path().join(format!("requests-{hour}.jsonl"));
    for hour in [0, 26, 27] {
        fs::write(path(hour), b"{}\n").expect("a file");
    }
    fs::write(folder.path().join("notes.txt"), b"mine").expect("a file");
    let log = RequestLog::new(LogTo::Folder(folder.path().to_path_buf()));
    log.expire(line(50 * 3_600).time);
    assert!(!path(0).exists() && !path(26).exists() && path(27).exists());
    assert!(folder.path().join("notes.txt").exists());
    // The hour in use goes on.
    log.write(&line(50 * 3_600));
    log.expire(line(50 * 3_600).time);
    log.write(&line(50 * 3_600));
    assert_eq!(fs::read_to_string(path(50)).expect("lines").lines().count(), 2);
}
