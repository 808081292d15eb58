use inkan_core::rng::insecure::SeededRng;
use inkan_ledger::Kind;
use inkan_ledger::parameters::{OperatorEvent, Parameters};

use super::*;
use crate::ledger_folder::tests::{ORIGIN, Person, at, create};
use crate::ledger_folder::{LedgerReader, OpenOptions};
use crate::mirror;

fn code(error: LedgerFolderError) -> &'static str {
    error.code()
}

#[test]
fn a_change_is_announced_then_in_force_and_mirrors_agree() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let mut ledger = create(&path);
    let (before, rules) = (ledger.parameters().values.clone(), ledger.parameters().rules);
    assert_eq!(code(ledger.apply_announced(at(5)).unwrap_err()), "params-invalid");
    let values = Parameters { list_min: 1_024, ..before.clone() };
    let next = |not_before| Announcement { rules, values: values.clone(), not_before };
    let week = before.notice;
    assert_eq!(code(ledger.announce(next(at(week)), at(10)).unwrap_err()), "params-invalid");
    // A refusal leaves the ledger as it was.
    let person = Person::new(5);
    ledger.submit(Kind::Did, person.line.as_bytes(), at(11)).unwrap();
    ledger.checkpoint(at(11)).unwrap();
    let size = ledger.announce(next(at(20 + week)), at(20)).unwrap();
    assert_eq!(ledger.parameters().values, before);
    assert_eq!(code(ledger.apply_announced(at(30)).unwrap_err()), "params-invalid");
    drop(ledger);

    let mut ledger = LedgerFolder::open(&path, at(20 + week)).unwrap();
    assert_eq!(ledger.parameters().event, OperatorEvent::Announced);
    assert_eq!(ledger.apply_announced(at(20 + week)).unwrap(), size + 1);
    assert_eq!((&ledger.parameters().values, ledger.parameters().next.as_ref()), (&values, None));
    drop(ledger);
    let view = LedgerReader::open(&path).unwrap().view_at(None).unwrap().unwrap();
    let head = inkan_ledger::Checkpoint::parse_text(view.note().text()).unwrap().head();
    let scratch = folder.path().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    mirror::audit(&path, ORIGIN, &head, &scratch, &mut |_| {}).unwrap();
}

#[test]
fn a_new_ledger_begins_with_the_parameters_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let parameters = Parameters { notice: 60, ..Parameters::default() };
    let options = OpenOptions { parameters: parameters.clone(), ..OpenOptions::default() };
    let ledger =
        LedgerFolder::create_with(&path, ORIGIN, &options, &mut SeededRng::new(1), at(0)).unwrap();
    assert_eq!(ledger.parameters().values, parameters);
    assert_eq!(ledger.parameters().event, OperatorEvent::Genesis);
}
