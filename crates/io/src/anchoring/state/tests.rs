use tempfile::tempdir;

use super::*;

fn kept(number: u8) -> Kept {
    let hashed = Hashed {
        content: Content { length: u64::from(number), digest: sha256(&[&[number]]) },
        stamp: Stamp { length: 1, changed: 2, touched: 3, number: u64::from(number) },
    };
    let name = RecordName::parse(&format!("a/{number}")).unwrap();
    Kept { source: 1, name, hashed, salt: [number; 16] }
}

fn sealed() -> Sealed {
    let name = ScopeName::parse("ward-3").unwrap();
    let scope = SealedScope { name, root_salt: [1; 16], seed: [2; 32], root: sha256(&[b"root"]) };
    Sealed { options: sha256(&[b"options"]), scopes: vec![scope] }
}

#[test]
fn notes_are_there_again_whole_or_up_to_where_they_were_cut() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("x.state");
    let typed = sha256(&[b"typed"]);
    let (mut state, before, seal) = State::open(&path, &typed).unwrap();
    assert!(before.is_empty() && seal.is_none());
    for number in [3, 1, 2] {
        state.note(&kept(number)).unwrap();
    }
    let newer = Kept { salt: [99; 16], ..kept(2) };
    state.note(&newer).unwrap();
    state.drop_record(1, &kept(3).name).unwrap();
    drop(state);
    assert_eq!(files::open_to_others(&path).ok(), Some(false));
    let (mut state, before, _) = State::open(&path, &typed).unwrap();
    assert_eq!(before, vec![kept(1), newer.clone()], "by name, each as it was noted last");
    state.seal(&sealed()).unwrap();
    drop(state);
    let whole = fs::read(&path).unwrap();
    let (_, before, seal) = State::open(&path, &typed).unwrap();
    assert_eq!((before.len(), seal), (2, Some(sealed())));

    // Cut anywhere, it is read up to the last whole frame, and can be gone on with.
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let (mut state, before, seal) = State::open(&path, &typed).unwrap();
        assert!(seal.is_none() && before.len() <= 3, "{cut}");
        state.note(&kept(7)).unwrap();
        drop(state);
        let (_, again, _) = State::open(&path, &typed).unwrap();
        assert_eq!(again.len(), before.len() + 1, "{cut}");
    }
}

#[test]
fn notes_of_another_command_or_in_use_are_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("x.state");
    let typed = sha256(&[b"typed"]);
    let (mut state, _, _) = State::open(&path, &typed).unwrap();
    state.note(&kept(1)).unwrap();
    let busy = State::open(&path, &typed).unwrap_err();
    assert_eq!(busy.code(), "anchor-state-busy");
    drop(state);
    let other = State::open(&path, &sha256(&[b"other"])).unwrap_err();
    assert_eq!(other.code(), "anchor-state-other");
    fs::write(&path, vec![b'x'; 200]).unwrap();
    assert_eq!(State::open(&path, &typed).unwrap_err().code(), "anchor-state-malformed");
    let (state, _, _) = State::open(&folder.path().join("y.state"), &typed).unwrap();
    state.remove().unwrap();
    assert!(!is_there(&folder.path().join("y.state")));
}
