//! How large the history of a DID may grow.

use std::sync::Arc;

use crate::epoch::{MapRoot, Parameters};
use crate::leaf::Kind;
use crate::log::{ImportSubmission, Submission};
use crate::map::empty_root;
use crate::state::{Candidate, Changes, Controller, HISTORY_LIMIT, Machine, Memory};
use crate::testing::{ORIGIN, Person, at};
use crate::{Refusal, Rejection};

fn submit(machine: &mut Machine<Memory>, line: &str) -> Result<u64, Refusal> {
    let candidate = Candidate::parse(Kind::Did, line.as_bytes().to_vec())?;
    match machine.prepare(&candidate, at(1_000))? {
        Submission::New(prepared) => Ok(machine.commit(*prepared).unwrap().leaf_index),
        Submission::Duplicate { leaf_index } => Ok(leaf_index),
    }
}

/// A log with these lines of a person, as if there had been so many bytes of them.
fn after(person: &Person, lines: &[&str], history: usize) -> Machine<Memory> {
    let document = Parameters::default().genesis_document().unwrap().0;
    let mut machine = Machine::new(ORIGIN, &document, Memory::new()).unwrap();
    let map = MapRoot { root: empty_root(), keys: 0 };
    let genesis = machine.prepare_epoch(at(0), map, None).unwrap().unwrap();
    machine.commit(genesis).unwrap();
    for line in lines {
        submit(&mut machine, line).unwrap();
    }
    let Changes { layer, standing } = machine.take_changes();
    let mut layer = (*layer).clone();
    let controller = layer.controllers.get_mut(person.scid()).unwrap();
    let counted: usize = lines.iter().map(|line| line.len() + 1).sum();
    assert_eq!(controller.history(), u64::try_from(counted).unwrap());
    let mut bytes = controller.to_bytes();
    bytes[10..18].copy_from_slice(&u64::try_from(history).unwrap().to_be_bytes());
    *controller = Controller::from_bytes(&bytes).unwrap();
    assert_eq!(controller.to_bytes(), bytes);
    machine.base_mut().store(&Changes { layer: Arc::new(layer), standing });
    machine.settle();
    machine
}

/// Without the limit a DID grows until nobody reads it: neither gateways nor resolvers, and its holder hears it last.
#[test]
fn a_history_grows_no_larger_than_is_read_and_can_always_be_ended() {
    let person = Person::new(5);
    let lines = [person.line.clone()];
    let head = Person::head_of(&lines);
    let next = person.rotate(&head, at(10)).0;
    let limit = HISTORY_LIMIT - Kind::Did.body_limit() - 1;
    let room = limit - next.len() - 1;
    let too_large = Rejection::HistoryTooLarge { limit };
    assert_eq!(too_large.code(), "did-history-too-large");
    let refused: Result<_, Refusal> = Err(too_large.into());
    assert_eq!(submit(&mut after(&person, &[&lines[0]], room), &next), Ok(2));
    assert_eq!(submit(&mut after(&person, &[&lines[0]], room + 1), &next), refused);
    let mut full = after(&person, &[&lines[0]], limit);
    assert_eq!(submit(&mut full, &next), refused);
    let end = person.deactivate(&head, at(10));
    assert_eq!(submit(&mut full, &end), Ok(2), "room for it is left");
    assert!(full.take_changes().controllers()[person.scid()].head().deactivated());
    let mut fuller = after(&person, &[&lines[0]], HISTORY_LIMIT - end.len());
    assert!(submit(&mut fuller, &end).is_err(), "and no more than that");
}

#[test]
fn an_import_is_no_way_around_it() {
    let person = Person::new(5);
    let mut lines = vec![person.line.clone()];
    lines.push(person.move_to(&Person::head_of(&lines), "other.example", at(10)));
    let back = person.move_to(&Person::head_of(&lines), ORIGIN, at(20));
    let import = |history| {
        let machine = after(&person, &[&lines[0], &lines[1]], history);
        let candidate = Candidate::parse(Kind::Did, back.as_bytes().to_vec()).unwrap();
        machine.prepare_import(&[candidate], at(1_000))
    };
    let limit = HISTORY_LIMIT - Kind::Did.body_limit() - 1;
    let room = limit - back.len() - 1;
    assert!(matches!(import(room), Ok(ImportSubmission::New(all)) if all.len() == 1));
    let Err(Refusal::Rejected(Rejection::ImportInvalid { source, .. })) = import(room + 1) else {
        panic!("it is taken")
    };
    assert_eq!(*source.unwrap(), Rejection::HistoryTooLarge { limit });
    // Nor does a mirror let it pass.
    let audited = |history| {
        let mut machine = after(&person, &[&lines[0], &lines[1]], history);
        let leaf = crate::Leaf::new(Kind::Did, at(1_000), back.as_bytes().to_vec()).unwrap();
        machine.audit(&leaf.to_bytes(), || panic!("no epoch")).map(|placed| placed.leaf_index)
    };
    assert_eq!(audited(room), Ok(3));
    assert!(matches!(
        audited(room + 1),
        Err(crate::LogError::LeafRefused { source: Rejection::HistoryTooLarge { .. }, .. })
    ));
}
