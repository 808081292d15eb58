use super::*;

#[test]
fn an_entry_is_found_by_code_and_by_every_spelling_of_its_number() {
    let first = book().entries().next().cloned().unwrap();
    let digits = first.number.trim_start_matches("INK-");
    for spelling in [&first.code, &first.number, digits, &format!("ink-{digits}")] {
        assert_eq!(find(spelling).as_ref(), Some(&first));
    }
    assert_eq!(find("no-such-code"), None);
}

#[test]
fn the_catalogue_that_is_shipped_can_be_read() {
    CodeBook::parse(TEXT).unwrap();
}

#[test]
fn a_misspelt_code_has_neighbours() {
    let first = book().entries().next().cloned().unwrap();
    let misspelt = format!("{}-x", first.code);
    assert!(similar(&misspelt).contains(&first));
}
