//! No changed character of a bundle is overlooked.
//!
//! Every text in a bundle is changed, character by character. What is still accepted then says of the credential
//! exactly what it said before, of countersignatures nothing more, and only for a change in one of the [`SPARE`]
//! places, or one that leaves a head with too few lines of witnesses, which the verification then says.

use inkan_credential::{Bundle, Format};
use inkan_crypto::KeyType;
use inkan_tests::world::{HOLDER, ISSUER, ORIGIN, Order, Parts, World, fitting_schema, judge};
use inkan_verifier::verified::ActState;
use inkan_verifier::{CheckName, Context, Outcome, VerifiedCountersignature, VerifiedCredential};
use proptest::prelude::*;
use serde_json::Value;

use super::expect::{accepted, lines};

/// Places where a change does no more than taking something away, as the beginning of a path, and why.
const SPARE: &[(&str, &str)] = &[
    (
        "/receipts/*/leaf",
        "a leaf of no DID at hand is of nobody; what it showed, a current-proof shows",
    ),
    (
        "/receipts/*/opening/digest",
        "a receipt of something else; a countersignature is then not recorded",
    ),
    (ORIGIN_IN_CHECKPOINT, "under an unknown log a receipt shows nothing; others show what it did"),
    (
        ORIGIN_IN_CURRENT,
        "under an unknown log a current-proof shows nothing; receipts show the rest",
    ),
    (
        "/credential/proof/1/",
        "a countersignature of nobody known, or of no known kind, is not counted",
    ),
    ("/evidence", "nothing here is signed: a schema is the verifier's own to pin"),
];
/// Here only the name of the log, and the id of its key, are spare.
const ORIGIN_IN_CHECKPOINT: &str = "/checkpoints/*";
const ORIGIN_IN_CURRENT: &str = "/current/*/proof";

struct Sample {
    bundle: Value,
    texts: Vec<(String, String)>,
    context: Context,
    says: String,
    acts: Vec<(String, u8)>,
}

/// A bundle with one character changed.
struct Flip<'a> {
    path: &'a str,
    text: &'a str,
    place: usize,
    what: String,
    bundle: Value,
}

impl Sample {
    fn of(parts: &Parts, context: Context) -> Self {
        let bundle = parts.bundle().to_value();
        let mut texts = Vec::new();
        collect(&bundle, String::new(), &mut texts);
        let verification = parts.judge(&context);
        let credential = accepted(&verification);
        let (says, acts) = (said(credential), acts(credential));
        Self { bundle, texts, context, says, acts }
    }

    /// Changes one character; `None` if there is none that can be changed.
    fn flip(&self, text: usize, at: usize, by: u8) -> Option<Flip<'_>> {
        let (path, text) = &self.texts[text % self.texts.len()];
        let places: Vec<usize> =
            text.char_indices().filter(|(_, c)| c.is_ascii()).map(|(at, _)| at).collect();
        let place = *places.get(at.checked_rem(places.len())?)?;
        let old = text.as_bytes()[place];
        let new = [old ^ by, old ^ 1].into_iter().find(|new| *new != old && *new < 0x80)?;
        let mut changed = text.clone();
        changed.replace_range(place..=place, &char::from(new).to_string());
        let mut bundle = self.bundle.clone();
        *bundle.pointer_mut(path).expect("a place") = changed.into();
        let what = format!("{path} at {place}: {} → {}", old.escape_ascii(), new.escape_ascii());
        Some(Flip { path, text, place, what, bundle })
    }

    fn check(&self, text: usize, at: usize, by: u8) -> Result<(), String> {
        let Some(flip) = self.flip(text, at, by) else { return Ok(()) };
        let Flip { path, text, place, what, bundle } = flip;
        let Ok(bundle) = Bundle::parse(bundle.to_string().as_bytes()) else { return Ok(()) };
        let verification = judge(&bundle, &self.context);
        if !verification.is_authentic() {
            return Ok(());
        }
        let credential = accepted(&verification);
        let acts = acts(credential);
        let no_more =
            acts.iter().all(|(act, sure)| self.acts.iter().any(|(a, s)| a == act && s >= sure));
        if said(credential) != self.says || !no_more {
            return Err(format!("{what}: accepted, and says something else"));
        }
        let spare = |(spare, _): &(&str, &str)| {
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
            let star = |part| if spare.contains('*') && digits(part) { "*" } else { part };
            let path: Vec<&str> = path.split('/').map(star).collect();
            // The name, and the first six characters after it: there the key's id is written.
            let named = |(at, _)| (at..at + ORIGIN.len() + 7).contains(&place);
            let in_place = !matches!(*spare, ORIGIN_IN_CHECKPOINT | ORIGIN_IN_CURRENT)
                || text.match_indices(ORIGIN).any(named);
            in_place && path.join("/").starts_with(spare)
        };
        // The name or key id of a witness: its line is nobody's, the head has one line too few, and is told so. Whoever can
        // change it could take the whole proof away.
        let head = path.starts_with("/checkpoints/") || path.ends_with("/proof");
        let weak = verification.checks().iter().any(|check| {
            check.name == CheckName::OtherReceipt
                && matches!(&check.outcome, Outcome::Unknown(why) if why.code() == "quorum-not-met")
        });
        if SPARE.iter().any(spare) || (head && weak) {
            return Ok(());
        }
        Err(format!("{what}: accepted\n{}", lines(&verification)))
    }
}

/// Everything that an assessment can see, but for countersignatures.
fn said(credential: &VerifiedCredential) -> String {
    format!(
        "{:?} {} {:?} {} {} {:?} {:?} {:?}",
        credential.credential(),
        credential.format(),
        credential.digest(),
        credential.issuer(),
        credential.issuer_method(),
        credential.holder_keys(),
        credential.recorded(),
        credential.status(),
    )
}

/// Countersignatures that a policy may count, and how sure it is that they still stand.
fn acts(credential: &VerifiedCredential) -> Vec<(String, u8)> {
    let sure = |state| match state {
        ActState::Current { .. } => Some(2),
        ActState::NewestKnown => Some(1),
        ActState::NotRecorded => Some(0),
        ActState::Superseded => None,
    };
    let named = |one: &VerifiedCountersignature| {
        format!("{} {:?} {:?} {}", one.method(), one.role(), one.decision(), one.act())
    };
    let all = credential.countersignatures().iter();
    all.filter_map(|one| Some((named(one), sure(one.state())?))).collect()
}

fn collect(value: &Value, path: String, into: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) if !text.is_empty() => into.push((path, text.clone())),
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(member, format!("{path}/{name}"), into);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                collect(item, format!("{path}/{place}"), into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn sample(format: Format, key_type: KeyType) -> Sample {
    let mut world = World::with_keys(180, key_type);
    let schema = fitting_schema();
    let mut order = Order::of(format);
    order.schema = Some(schema.clone());
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    world.accept(&mut case);
    world.rotate(ISSUER);
    let mut parts = world.parts(&case);
    parts.schema = Some(schema);
    Sample::of(&parts, world.context())
}

fn presented(format: Format) -> Sample {
    let mut world = World::new(181);
    let case = world.issue(format);
    let presentation = world.present(&[&case], format, HOLDER);
    Sample::of(&world.parts_presented(presentation, &[&case]), world.asking())
}

fn samples() -> Vec<Sample> {
    vec![
        sample(Format::DataIntegrity, KeyType::Ed25519),
        sample(Format::Jose, KeyType::P256),
        presented(Format::DataIntegrity),
        presented(Format::Jose),
    ]
}

#[test]
fn no_text_can_be_changed_at_its_ends_or_in_its_middle() {
    let mut wrong = Vec::new();
    for sample in samples() {
        for text in 0..sample.texts.len() {
            let length = sample.texts[text].1.len();
            for at in [0, length / 3, length / 2, length.saturating_sub(1)] {
                for by in [1, 0x20] {
                    wrong.extend(sample.check(text, at, by).err());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} changes:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_text_can_be_changed_anywhere() {
    let samples = samples();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let change = (0..samples.len(), any::<usize>(), any::<usize>(), 1..0x80_u8);
    runner
        .run(&change, |(sample, text, at, by)| {
            samples[sample].check(text, at, by).map_err(TestCaseError::fail)
        })
        .unwrap();
}
