use super::*;

#[test]
fn globs_fit_as_people_expect() {
    let good = [
        ("*", "a.txt"),
        ("**", "a/b/c"),
        ("ward-3/**", "ward-3/2026/visit.txt"),
        ("**/*.bin", "x.bin"),
        ("**/*.bin", "a/b/x.bin"),
        ("a/**/z", "a/z"),
        ("a/**/z", "a/b/c/z"),
        ("visit-??.txt", "visit-07.txt"),
        ("*a*b*c", "xxayybzzc"),
    ];
    for (glob, name) in good {
        assert!(fits(glob, name), "{glob} {name}");
    }
    let bad = [
        ("*", "a/b"),
        ("ward-3/**", "ward-30/visit.txt"),
        ("*.bin", "a/x.bin"),
        ("visit-??.txt", "visit-7.txt"),
        ("a/**/z", "a/b/zz"),
        ("", "a"),
        ("*a*b*c", "xxaybzzcd"),
    ];
    for (glob, name) in bad {
        assert!(!fits(glob, name), "{glob} {name}");
    }
    // Many stars cost no more than the product of the lengths.
    assert!(!fits(&"*a".repeat(200), &"b".repeat(4_000)));
}

#[test]
fn a_rule_is_a_line_and_a_wrong_one_is_named() {
    let read = rules("# who\n\nward-3/** -> ward-3\n*.txt -> the office\n").unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(read[1].1.as_str(), "the office");
    assert_eq!(rules("ward-3/**\n").unwrap_err().0, 1);
    assert_eq!(rules("a -> b\n-> x\n").unwrap_err().0, 2);
    assert!(rules("# nothing\n").is_err());
}
