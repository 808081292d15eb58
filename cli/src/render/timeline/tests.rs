use super::*;

fn span(version: u64, since: &str, keys: &str, note: &str) -> Span {
    let own = str::to_owned;
    Span { version, since: own(since), keys: own(keys), note: own(note), marks: Vec::new() }
}

#[test]
fn each_version_begins_where_the_one_above_ends() {
    let spans =
        [span(1, "2026-03-02", "sign-1", ""), span(2, "2026-09-09", "sign-2", "rotate: scheduled")];
    let drawn = timeline(&spans, Now::InForce);
    let lines: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
    let corner = lines[0].iter().position(|c| *c == '┓').unwrap();
    let start = lines[1].iter().position(|c| *c == '●').unwrap();
    assert_eq!(corner, start, "\n{drawn}");
    assert!(drawn.contains("▶ now     rotate: scheduled"), "\n{drawn}");
}

#[test]
fn a_deactivated_did_has_no_arrow_and_many_versions_fit_a_screen() {
    let spans: Vec<Span> = (1..=12).map(|n| span(n, "2026-03-02", "sign", "")).collect();
    let drawn = timeline(&spans, Now::Deactivated);
    assert!(drawn.contains("■ deactivated"));
    assert!(drawn.lines().all(|line| line.chars().count() <= 120), "\n{drawn}");
}
