//! Token status lists: which copy counts, what it says, and how old a copy of any list may be.

use std::sync::Arc;

use inkan_credential::Format;
use inkan_credential::bundle::{ServedStatusList, served_bytes};
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::token_status_list::{StatusBits, StatusReference};
use inkan_crypto::KeyType;
use inkan_io::gather::from_bundle;
use inkan_issuer::status::{BitState, Published};
use inkan_issuer::{AnnouncedList, Disclosable, Securing, StatusEncoding, StatusListState};
use inkan_ledger::{Claims, MapKey, StatusClaims, StatusFormat};
use inkan_tests::world::{Case, HOLDER, ISSUER, LIST, Parts, Who, World, sign_list};
use inkan_verifier::verified::StatusSeen;
use inkan_verifier::{CheckName, Context, Declared, Succession, verify};

use super::expect::{accepted, passed, undecided, worthless};

const TOKENS: &str = "https://ledger.example/status/7";
const DAY: i64 = 86_400;

/// An issuer with a token status list, and a credential that has a place in it.
struct Book {
    world: World,
    case: Case,
    list: StatusListState,
    entry: StatusEntry,
    published: Vec<(Published, Option<u64>)>,
}

fn format_of(list: &StatusListState) -> StatusFormat {
    match list.encoding() {
        StatusEncoding::TokenJwt => StatusFormat::TokenJwt,
        StatusEncoding::TokenCwt => StatusFormat::TokenCwt,
        StatusEncoding::Bitstring => panic!("a token"),
    }
}

impl Book {
    fn open(seed: u64, encoding: StatusEncoding, securing: &Securing<'_>) -> Self {
        let mut world = World::new(seed);
        let list = StatusListState::of_tokens(TOKENS, encoding, StatusBits::Two);
        let mut list = list.expect("a list").with_ttl(3_600_000);
        let entry = list.allocate(&mut world.rng).expect("a place");
        let reference = StatusReference { index: entry.index, uri: TOKENS.to_owned() };
        let case = world.issue_secured(securing, None, Some(&reference));
        let mut book = Self { world, case, list, entry, published: Vec::new() };
        book.publish(ISSUER, true);
        book
    }

    fn publish(&mut self, by: Who, recorded: bool) {
        self.world.sleep(60);
        let (world, list) = (&mut self.world, &mut self.list);
        let published = sign_list(list, &world.actors[by.0], world.now, 90 * DAY);
        let format = format_of(list);
        let place = recorded.then(|| world.announce_list(TOKENS, format, &published));
        self.published.push((published, place));
        self.world.sleep(60);
    }

    fn say(&mut self, purpose: StatusPurpose, to: BitState) {
        let entry = StatusEntry::new(purpose, TOKENS, self.entry.index);
        self.list.change(&entry, to).expect("a change");
        self.publish(ISSUER, true);
    }

    /// The credential with these publications of the list.
    fn parts(&self, numbers: &[usize]) -> Parts {
        let mut parts = self.world.parts(&self.case);
        for number in numbers {
            let (list, place) = &self.published[*number];
            parts.lists.push(ServedStatusList::new(TOKENS, &served_bytes(&list.body)));
            parts.receipts.extend(place.map(|place| self.world.ledger.receipt(place)));
        }
        parts
    }

    fn with_head(&self, numbers: &[usize]) -> Parts {
        let mut parts = self.parts(numbers);
        let key = MapKey::status(self.world.actor(ISSUER).scid(), TOKENS);
        parts.current.push(self.world.head_of(&key));
        parts
    }
}

const ENCODINGS: [StatusEncoding; 2] = [StatusEncoding::TokenJwt, StatusEncoding::TokenCwt];
const WHOLE: Disclosable<'static> = Disclosable { claims: &[], decoys: 0 };

#[test]
fn each_format_finds_its_place_in_each_encoding() {
    let formats =
        [Securing::Jose, Securing::Cose, Securing::SdJwt(WHOLE), Securing::SdJwtVc(WHOLE)];
    for (encoding, securing) in
        ENCODINGS.iter().flat_map(|one| formats.iter().map(move |all| (*one, all)))
    {
        let mut book = Book::open(500, encoding, securing);
        let context = book.world.context();
        let verification = book.with_head(&[0]).judge(&context);
        let StatusSeen::Good { .. } = accepted(&verification).status() else { panic!("a status") };
        assert_eq!(passed(&verification, CheckName::Status).evidence["form"], "token");
        undecided(&book.parts(&[]).judge(&context), CheckName::Status, "status-list-missing");
        book.say(StatusPurpose::Suspension, BitState::Set);
        let context = book.world.context();
        let name = CheckName::Status;
        worthless(&book.with_head(&[1]).judge(&context), name, "credential-suspended");
        // An older copy does not hide it: the map knows of a newer one.
        undecided(&book.with_head(&[0]).judge(&context), name, "stale");
        worthless(&book.with_head(&[0, 1]).judge(&context), name, "credential-suspended");
        book.say(StatusPurpose::Suspension, BitState::Clear);
        accepted(&book.with_head(&[0, 1, 2]).judge(&book.world.context()));
        let before = book.world.context();
        book.world.sleep(DAY);
        book.say(StatusPurpose::Revocation, BitState::Set);
        let parts = book.with_head(&[0, 1, 2, 3]);
        worthless(&parts.judge(&book.world.context()), name, "credential-revoked");
        // As of a day earlier it was in force, by what is kept of then.
        let then = Context { as_of: before.as_of, ..book.world.context() };
        accepted(&book.parts(&[0, 1, 2, 3]).judge(&then));
    }
}

#[test]
fn nobody_but_the_issuer_signs_its_token_lists() {
    for encoding in ENCODINGS {
        let mut book = Book::open(501, encoding, &Securing::SdJwtVc(WHOLE));
        book.publish(HOLDER, false);
        let context = book.world.context();
        let verification = book.parts(&[1]).judge(&context);
        undecided(&verification, CheckName::Status, "status-list-invalid");
        // Beside a good one it does no harm.
        accepted(&book.with_head(&[0, 1]).judge(&context));
        let mut parts = book.parts(&[]);
        let bytes = served_bytes(&book.published[0].0.body).into_owned();
        let half = ServedStatusList::new(TOKENS, &bytes[..bytes.len() / 2]);
        parts.lists.push(half);
        undecided(&parts.judge(&context), CheckName::Status, "status-list-invalid");
    }
}

#[test]
fn a_token_of_another_list_says_nothing() {
    let mut book = Book::open(502, StatusEncoding::TokenJwt, &Securing::Jose);
    let other = StatusListState::of_tokens(LIST, StatusEncoding::TokenJwt, StatusBits::Two);
    let mut other = other.expect("a list");
    let now = book.world.now;
    let published = sign_list(&mut other, &book.world.actors[ISSUER.0], now, DAY);
    book.published.push((published, None));
    let verification = book.parts(&[1]).judge(&book.world.context());
    undecided(&verification, CheckName::Status, "status-list-invalid");
}

#[test]
fn a_copy_older_than_its_ttl_is_not_relied_on_unless_it_is_shown_to_be_the_newest() {
    for encoding in ENCODINGS {
        let mut book = Book::open(503, encoding, &Securing::SdJwt(WHOLE));
        let fresh = book.world.context();
        accepted(&book.parts(&[0]).judge(&fresh));
        book.world.sleep(2 * 3_600);
        let context = book.world.context();
        let name = CheckName::Status;
        undecided(&book.parts(&[0]).judge(&context), name, "status-list-out-of-date");
        // As of the time when it was fresh it still is.
        accepted(&book.parts(&[0]).judge(&fresh));
        // The ledger shows now that there is no newer one, or the verifier got it from its issuer just now.
        undecided(&book.with_head(&[0]).judge(&context), name, "status-list-out-of-date");
        book.world.issue(Format::Jose);
        let context = book.world.context();
        accepted(&book.with_head(&[0]).judge(&context));
        let bundle = book.parts(&[0]).bundle();
        let mut fetched = from_bundle(&bundle);
        for list in &mut fetched.status_lists {
            list.fetched_at = Some(context.as_of);
        }
        accepted(&verify(&bundle, &fetched, &context));
        let late = Context { as_of: context.as_of.plus_seconds(3_601), ..context.clone() };
        let verification = verify(&bundle, &fetched, &late);
        undecided(&verification, name, "status-list-out-of-date");
        // What is said against a credential does not go stale.
        book.say(StatusPurpose::Revocation, BitState::Set);
        book.world.sleep(2 * 3_600);
        worthless(&book.parts(&[1]).judge(&book.world.context()), name, "credential-revoked");
    }
}

#[test]
fn the_ttl_of_a_bitstring_list_counts_in_milliseconds() {
    let mut world = World::new(504);
    world.list = world.list.clone().with_ttl(1_500);
    let case = world.issue(Format::DataIntegrity);
    world.publish_list();
    let mut parts = world.parts(&case);
    let head = world.head_of(&world.list_key());
    parts.current.retain(|one| one != &head);
    let made = world.now;
    let at = |seconds| Context { as_of: made.plus_seconds(seconds), ..world.context() };
    let listed = world.lists.last().and_then(|list| list.1).expect("a place");
    let since = world.ledger.receipt(listed);
    assert!(parts.receipts.contains(&since));
    undecided(&parts.judge(&at(3)), CheckName::Status, "status-list-out-of-date");
    parts.current.push(head);
    accepted(&parts.judge(&at(1)));
}

#[test]
fn a_successor_goes_on_with_a_token_list_in_its_own_name() {
    for encoding in ENCODINGS {
        let mut book = Book::open(505, encoding, &Securing::SdJwtVc(WHOLE));
        let (successor, stranger) = (
            book.world.settle("successor", KeyType::Ed25519),
            book.world.settle("stranger", KeyType::Ed25519),
        );
        let succession = Succession {
            predecessor: book.world.actor(ISSUER).did.to_string(),
            successor: book.world.actor(successor).did.to_string(),
            from: Some(book.world.now),
            until: None,
        };
        let declared = Arc::new(Declared { same: vec![], successions: vec![succession] });
        let told = |world: &World| Context { declared: declared.clone(), ..world.context() };
        let with = |book: &Book, heads: &[Who], list: Option<(&Published, u64)>| {
            let mut parts = book.with_head(&[0]);
            for who in heads {
                let key = MapKey::status(book.world.actor(*who).scid(), TOKENS);
                parts.current.push(book.world.head_of(&key));
            }
            if let Some((list, place)) = list {
                parts.lists.push(ServedStatusList::new(TOKENS, &served_bytes(&list.body)));
                parts.receipts.push(book.world.ledger.receipt(place));
            }
            parts
        };
        // It has to be shown that the successor says nothing.
        let name = CheckName::Status;
        undecided(&with(&book, &[], None).judge(&told(&book.world)), name, "stale");
        accepted(&with(&book, &[successor], None).judge(&told(&book.world)));
        let entry = StatusEntry::new(StatusPurpose::Revocation, TOKENS, book.entry.index);
        for (who, refused) in [(stranger, false), (successor, true)] {
            book.world.sleep(60);
            let theirs = served_bytes(&book.published[0].0.body).into_owned();
            let theirs = AnnouncedList::read(encoding, &theirs).expect("a list");
            let mut list = StatusListState::taken_over(&entry, &theirs).expect("one to go on with");
            list.change(&entry, BitState::Set).expect("a change");
            let world = &mut book.world;
            let published = sign_list(&mut list, &world.actors[who.0], world.now, 90 * DAY);
            let claims = Claims::Status(StatusClaims {
                uri: TOKENS.to_owned(),
                format: format_of(&list),
                sequence: published.seq,
                digest: published.digest,
                length: published.length,
                not_before: published.valid_from,
                expires: published.valid_until,
            });
            let place = world.enter(who, &claims);
            book.world.sleep(60);
            let parts = with(&book, &[successor], Some((&published, place)));
            let verification = parts.judge(&told(&book.world));
            if refused {
                worthless(&verification, name, "credential-revoked");
                // Left out, it is missed.
                let less = with(&book, &[successor], None).judge(&told(&book.world));
                undecided(&less, name, "stale");
            } else {
                accepted(&verification);
            }
        }
    }
}
