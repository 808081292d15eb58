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
    assert_eq!(damage(), None);
    assert!(book().entries().count() > 400);
}

#[test]
fn a_catalogue_with_two_meanings_for_a_code_stops_everything() {
    let first = book().entries().next().unwrap();
    let (before, rest) = TEXT.split_once("  {\n   \"code\"").unwrap();
    let (one, _) = rest.split_once("  },\n").unwrap();
    let twice = format!("{before}  {{\n   \"code\"{one}  }},\n  {{\n   \"code\"{rest}");
    let said = damage_of(&CodeBook::parse(&twice)).unwrap();
    assert!(said.contains("occurs twice") && said.contains("codes-malformed"), "{said}");
    let renumbered = TEXT.replacen(&first.number, "INK-0000", 1);
    assert_eq!(damage_of(&CodeBook::parse(&renumbered)), None, "another number is no damage");
}

#[test]
fn a_misspelt_code_has_neighbours() {
    let first = book().entries().next().cloned().unwrap();
    let misspelt = format!("{}-x", first.code);
    assert!(similar(&misspelt).contains(&first));
}
