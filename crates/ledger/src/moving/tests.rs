use super::*;
use crate::testing::{Person, at};

/// Three versions, the last of which names another log.
fn history(person: &Person) -> Vec<String> {
    let mut lines = vec![person.line.clone()];
    lines.push(person.rotate(&Person::head_of(&lines), at(10)).0);
    lines.push(person.move_to(&Person::head_of(&lines), "other.example", at(20)));
    lines
}

fn code(result: Result<usize, MoveError>) -> &'static str {
    result.unwrap_err().code()
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_log_is_sent_what_it_lacks() {
    let lines = history(&Person::new(5));
    let parameters = Parameters::default();
    assert_eq!(plan_import(&lines, &NOTHING, &parameters), Ok(0));
    assert_eq!(plan_import(&lines, &lines[..2], &parameters), Ok(2));
    assert_eq!(plan_import(&lines, &lines, &parameters), Ok(3), "all of it is there");
}

#[test]
fn two_histories_are_told_before_anything_is_recorded() {
    let person = Person::new(5);
    let lines = history(&person);
    let other = person.rotate(&Person::head_of(&lines[..1]), at(11)).0;
    let there = [lines[0].clone(), other];
    let parameters = Parameters::default();
    let forked = plan_import(&lines, &there, &parameters);
    assert!(matches!(forked, Err(MoveError::Forked { number: 2, .. })), "{forked:?}");
    assert_eq!(code(forked), "did-forked");
    assert_eq!(code(plan_import(&lines[..2], &lines, &parameters)), "version-conflict");
}

#[test]
fn what_the_parameters_refuse_is_told_before() {
    let lines = history(&Person::new(5));
    let mut parameters = Parameters { import_max: 2, ..Parameters::default() };
    assert_eq!(code(plan_import(&lines, &NOTHING, &parameters)), "import-invalid");
    assert_eq!(plan_import(&lines, &lines[..1], &parameters), Ok(1));
    parameters.kinds.remove(&Kind::Did);
    assert_eq!(code(plan_import(&lines, &lines[..1], &parameters)), "unsupported-entry-type");
    let large = vec![lines[2].clone(); 4_000];
    let many = Parameters { import_max: 10_000, ..Parameters::default() };
    assert_eq!(plan_import(&large, &NOTHING, &many).map_err(|_| ()), Err(()));
    assert!(matches!(plan_import(&large, &NOTHING, &many), Err(MoveError::TooLarge { .. })));
}
