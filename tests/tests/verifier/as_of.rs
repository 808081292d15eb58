//! The table of truth of "as of": what became of key, DID, credential and status before a time, and what holds as of it.
//!
//! Every combination is judged as of a time between every two events, and compared with what the words of the specification
//! say ([`Cell::expected`]). `docs/as-of.md` is the same table for readers.

use std::fmt;

use inkan_core::Timestamp;
use inkan_core::codes::{CodeBook, first_exit};
use inkan_credential::{Format, sign};
use inkan_crypto::KeyType;
use inkan_ledger::MapKey;
use inkan_tests::world::{Case, ISSUER, Order, Parts, Who, World};
use inkan_tests::{read_text, schemas};
use inkan_verifier::{Context, Receipts, Verification};

use super::compromised::report;
use super::expect::lines;

const DAY: i64 = 86_400;
/// Since when the key was in other hands, as the report says.
const STOLEN: i64 = 6;
/// The key is replaced.
const ROTATED: i64 = 12;
/// The theft is reported; it cannot be before the key is replaced.
const REPORTED: i64 = 15;
/// The credential is revoked.
const REVOKED: i64 = 24;
/// The credential's validity ends.
const EXPIRES: i64 = 27;
/// The issuer's DID is deactivated.
const ENDED: i64 = 30;
/// When it was signed: before everything, after the theft, after the rotation, after the deactivation.
const SIGNED: [i64; 4] = [3, 9, 18, 33];
/// A day between every two events, and one before and after all.
const JUDGED: [i64; 12] = [1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 34];

/// What happened to the issuer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Events {
    rotated: bool,
    reported: bool,
    ended: bool,
}

/// One row of the table, judged as of a day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Cell {
    events: Events,
    signed: i64,
    anchored: bool,
    revoked: bool,
    expires: bool,
    at: i64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Decision {
    Accepted,
    Refused,
    Undetermined,
}

/// In which format, and with keys of which type.
#[derive(Clone, Copy, Debug)]
struct Form(Format, KeyType);

const COMMON: Form = Form(Format::DataIntegrity, KeyType::Ed25519);
const OTHER: Form = Form(Format::Jose, KeyType::P256);

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, signed, anchored, revoked, expires, at } = self;
        let Events { rotated, reported, ended } = events;
        let side = |happened: bool, when: i64| match (happened, *signed < when) {
            (false, _) => "without",
            (true, true) => "before",
            (true, false) => "after",
        };
        write!(
            f,
            "signed {} rotation, {} theft, {} deactivation, {}, {}, {}, as of day {at}",
            side(*rotated, ROTATED),
            side(*reported, STOLEN),
            side(*ended, ENDED),
            if *anchored { "anchored" } else { "not anchored" },
            if *revoked { "revoked on day 24" } else { "not revoked" },
            if *expires { "expires on day 27" } else { "does not expire" },
        )
    }
}

impl Cell {
    /// The rules in the order of their words, and nothing of how they are carried out.
    fn expected(&self) -> Decision {
        let Self { events, signed, anchored, revoked, expires, at } = *self;
        let known = |happened: bool, when: i64| happened && when <= at;
        // "The validity period": it begins with the signing, and may have ended.
        if at < signed || known(expires, EXPIRES) {
            return Decision::Refused;
        }
        // "Status": what the newest list at or before T says.
        if known(revoked, REVOKED) {
            return Decision::Refused;
        }
        // "Deactivated": good only if recorded before.
        if known(events.ended, ENDED) && !(anchored && signed < ENDED) {
            return Decision::Refused;
        }
        // "A signature without a receipt from a key that is no longer current is undetermined."
        if known(events.rotated, ROTATED) && !anchored {
            return Decision::Undetermined;
        }
        // "Signed before a rotation stays good": recorded after it, the key was not in force.
        if known(events.rotated, ROTATED) && signed >= ROTATED {
            return Decision::Refused;
        }
        // "Signed after a compromise does not", once it is reported.
        if known(events.reported, REPORTED) && signed >= STOLEN {
            return Decision::Refused;
        }
        Decision::Accepted
    }
}

impl Cell {
    /// The exit code of the verdict: where several lines refuse, the first of 17, 12, 13.
    fn expected_exit(&self) -> u8 {
        let Self { events, signed, anchored, revoked, expires, at } = *self;
        let known = |happened: bool, when: i64| happened && when <= at;
        // A record of after T was not there.
        let recorded = anchored && signed <= at;
        let mut exits = Vec::new();
        if at < signed || known(expires, EXPIRES) {
            exits.push(13);
        }
        if known(revoked, REVOKED) {
            exits.push(12);
        }
        let ended = known(events.ended, ENDED) && !(recorded && signed < ENDED);
        let replaced = known(events.rotated, ROTATED) && recorded && signed >= ROTATED;
        let stolen = known(events.reported, REPORTED) && recorded && signed >= STOLEN;
        if ended || replaced || stolen {
            exits.push(17);
        }
        if known(events.rotated, ROTATED) && !recorded {
            exits.push(19);
        }
        first_exit(exits).unwrap_or(0)
    }
}

/// What the program would end with.
fn exit(verification: &Verification, codes: &CodeBook) -> u8 {
    let failed = verification.checks().iter().filter(|check| check.failed());
    let exits = failed.map(|check| {
        let code = check.reason().map(|reason| reason.code()).expect("a reason");
        codes.get(code).expect("a code of the catalogue").exit
    });
    match decision(verification) {
        Decision::Accepted => 0,
        Decision::Undetermined => 19,
        Decision::Refused => first_exit(exits).expect("an exit code of a verdict"),
    }
}

fn decision(verification: &Verification) -> Decision {
    if verification.has_failed() {
        Decision::Refused
    } else if verification.is_authentic() {
        Decision::Accepted
    } else {
        Decision::Undetermined
    }
}

/// A world that goes from event to event.
struct Stage {
    world: World,
    format: Format,
    start: Timestamp,
    clerk: Who,
    reported: Option<u64>,
    ended: bool,
}

impl Stage {
    fn new(seed: u64, Form(format, key_type): Form) -> Self {
        let mut world = World::with_keys(seed, key_type);
        let clerk = world.settle("clerk", KeyType::Ed25519);
        let start = world.now;
        Self { world, format, start, clerk, reported: None, ended: false }
    }

    fn day(&self, day: i64) -> Timestamp {
        self.start.plus_seconds(day * DAY)
    }

    /// Goes on to the morning of a day.
    fn go_to(&mut self, day: i64) {
        assert!(self.world.now <= self.day(day));
        self.world.now = self.day(day);
    }

    /// A credential signed with the issuer's first key, whoever has it today.
    fn sign(&mut self, expires: bool, anchored: bool) -> Case {
        let order = Order {
            ends_in: if expires {
                self.day(EXPIRES).seconds_since(self.world.now)
            } else {
                90 * DAY
            },
            ..Order::of(self.format)
        };
        let mut case = self.world.draw_up(&order);
        let issuer = self.world.actor(ISSUER);
        if let Some((fragment, key)) = issuer.retired.first() {
            let method = format!("{}#{fragment}", issuer.did.as_str());
            let value = case.credential.credential().value().clone();
            let id = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a66";
            let signed = match self.format {
                Format::Jose => sign::issue_jose(value, &method, key),
                Format::DataIntegrity | Format::DataIntegritySd | Format::SdJwt => {
                    sign::issue_di(value, id, &method, key, self.world.now)
                }
            };
            case.credential = signed.expect("signed");
            if let Some(opening) = &mut case.opening {
                opening.digest = case.credential.issuance_digest();
            }
        }
        if anchored {
            // Whoever is not the issuer any more finds somebody else to record it. The record of a JWT is over what was to be signed, so
            // that of somebody else does not show that it was.
            let by_itself = self.format == Format::Jose && !self.ended;
            self.world.record(&mut case, if by_itself { ISSUER } else { self.clerk });
        }
        case
    }

    /// Everything that the ledger knows in the end: whoever judges leaves out what is later.
    fn parts(&self, case: &Case) -> Parts {
        let mut parts = self.world.parts(case);
        parts.receipts.extend(self.reported.map(|place| self.world.ledger.receipt(place)));
        parts.lists.clear();
        for number in 0..self.world.lists.len() {
            self.world.add_list(&mut parts, number);
        }
        parts
    }
}

/// Plays one life of an issuer, and judges everything it signed as of every day. Gives the number of cells.
fn play(events: Events, (seed, form): (u64, Form), wrong: &mut Vec<String>) -> usize {
    let codes = CodeBook::parse(&read_text(&schemas().join("codes.json"))).expect("the catalogue");
    let mut stage = Stage::new(seed, form);
    let mut cases: Vec<(Case, Cell)> = Vec::new();
    let mut sizes: Vec<(i64, u64)> = Vec::new();
    let moments: Vec<i64> = (0..=40).collect();
    for day in moments {
        if SIGNED.contains(&day) {
            stage.go_to(day);
            for choice in 0_u8..8 {
                let bit = |place: u8| (choice >> place) & 1 == 1;
                let (anchored, revoked, expires) = (bit(0), bit(1), bit(2));
                // Nobody revokes or dates back what is not there yet.
                if day > REVOKED && (revoked || expires) {
                    continue;
                }
                let case = stage.sign(expires, anchored);
                cases.push((case, Cell { events, signed: day, anchored, revoked, expires, at: 0 }));
            }
        }
        match day {
            ROTATED if events.rotated => {
                stage.go_to(day);
                stage.world.rotate(ISSUER);
            }
            REPORTED if events.reported => {
                stage.go_to(day);
                let since = stage.day(STOLEN);
                stage.reported = Some(report(&mut stage.world, ISSUER, (ISSUER, "key-1"), since));
            }
            REVOKED => {
                stage.go_to(day);
                for (case, _) in cases.iter().filter(|(_, cell)| cell.revoked) {
                    let entry = case.status.as_ref().expect("a status");
                    stage
                        .world
                        .list
                        .change(entry, inkan_issuer::status::BitState::Set)
                        .expect("one of the list");
                }
                stage.world.publish_list();
            }
            ENDED if events.ended => {
                stage.go_to(day);
                stage.world.deactivate(ISSUER);
                stage.ended = true;
            }
            _ => {}
        }
        sizes.push((day, stage.world.ledger.size()));
    }
    let key = MapKey::did(stage.world.actor(ISSUER).scid());
    let end = stage.world.now.plus_seconds(DAY);
    let mut count = 0;
    for (case, row) in &cases {
        let everything = stage.parts(case);
        for at in JUDGED {
            // Whoever asks the ledger as of T gets the proof which version was the newest then.
            let mut parts = everything.clone();
            let then = sizes.iter().rev().find(|(day, _)| *day < at).map(|(_, size)| *size);
            parts.current.extend(then.map(|size| stage.world.ledger.current(&key, size)));
            let cell = Cell { at, ..*row };
            let context = Context {
                receipts: Receipts::Used,
                as_of: stage.day(at),
                received_at: end.max(stage.day(at)),
                ..stage.world.context()
            };
            let verification = parts.judge(&context);
            let (found, expected) = (decision(&verification), cell.expected());
            let exits = (exit(&verification, &codes), cell.expected_exit());
            if found != expected || exits.0 != exits.1 {
                wrong.push(format!(
                    "{cell}: expected {expected:?} ({}), found {found:?} ({})\n{}",
                    exits.1,
                    exits.0,
                    lines(&verification)
                ));
            }
            count += 1;
        }
    }
    count
}

#[track_caller]
fn holds(events: Events, seed: u64, form: Form) {
    let mut wrong = Vec::new();
    let count = play(events, (seed, form), &mut wrong);
    assert!(count >= 26 * JUDGED.len(), "{count} cells");
    let shown: Vec<_> = wrong.iter().take(3).cloned().collect();
    assert!(wrong.is_empty(), "{} of {count} cells:\n{}", wrong.len(), shown.join("\n"));
}

/// One test per life of an issuer; each judges 26 credentials as of 12 days.
macro_rules! lives {
    ($($name:ident: $rotated:literal $reported:literal $ended:literal, $seed:literal, $form:ident;)*) => {
        $(
            #[test]
            fn $name() {
                let events = Events { rotated: $rotated, reported: $reported, ended: $ended };
                holds(events, $seed, $form);
            }
        )*
    };
}

lives! {
    no_rotation_no_deactivation: false false false, 970, COMMON;
    no_rotation_then_deactivation: false false true, 971, COMMON;
    rotation_no_deactivation: true false false, 972, COMMON;
    rotation_then_deactivation: true false true, 973, COMMON;
    rotation_after_a_theft_no_deactivation: true true false, 974, COMMON;
    rotation_after_a_theft_then_deactivation: true true true, 975, COMMON;
    rotation_then_deactivation_of_a_jwt_on_p256: true false true, 976, OTHER;
    rotation_after_a_theft_then_deactivation_of_a_jwt_on_p256: true true true, 977, OTHER;
}
