//! A small world in memory: a witnessed ledger, an issuer, a holder, credentials and what becomes of them.
//!
//! In scope: everything that a verification can meet, made by the crates that really make it, with a seeded
//! generator and a clock that moves only when told to. Out of scope: files, and any expectation (tests have those).

mod actor;
mod acts;
mod agreed;
mod ledger;
mod lists;
mod parts;
mod powers;

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::countersignature::Wanted;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::presentation::PresentationTerms;
use inkan_credential::token_status_list::StatusReference;
use inkan_credential::{Format, Opening as Opened, Presentation, SecuredCredential};
use inkan_crypto::KeyType;
use inkan_issuer::{
    Disclosable, IssueRequest, Securing, StatusListState, draft, issue, issue_with,
};
use inkan_ledger::{ActId, Claims, DigestFormat, Kind, Opening, SignedEntry, commitment};
use inkan_verifier::{Context, Expectation, Live, Receipts};
use serde_json::{Map, Value, json};

pub use self::actor::Actor;
pub use self::acts::Step;
pub use self::agreed::{OTHER_CHECKS, OWN_CHECKS};
pub use self::ledger::{Ledger, ORIGIN};
pub use self::lists::sign_list;
pub use self::parts::{Parts, judge, judge_bytes};
pub use self::powers::{Gift, Given, POWER_LIST, PowerList, some_claim};

/// The verifier, as it names itself.
pub const AUDIENCE: &str = "https://bank.example";
/// The nonce that the verifier asks for.
pub const NONCE: &str = "n-0S6_WzA2Mj";
/// Where the issuer's status list is served.
pub const LIST: &str = "https://ledger.example/status/1";
/// Claims that every credential here makes.
pub const CLAIM: &str = "Ayşe Yılmaz";

/// Somebody in the world, by place in [`World::actors`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Who(pub usize);

/// Issues the credentials.
pub const ISSUER: Who = Who(0);
/// Is the subject of the credentials.
pub const HOLDER: Who = Who(1);

/// Ledger, clock and people.
#[derive(Debug)]
pub struct World {
    /// Everything drawn comes from here.
    pub rng: SeededRng,
    /// The clock.
    pub now: Timestamp,
    /// The ledger where everybody is at home.
    pub ledger: Ledger,
    /// Everybody, issuer and holder first.
    pub actors: Vec<Actor>,
    /// The issuer's status list.
    pub list: StatusListState,
    /// Every publication of it: body, and place on the ledger if it was recorded.
    pub lists: Vec<(String, Option<u64>)>,
}

/// How a credential is to be issued.
#[derive(Clone, Debug)]
pub struct Order {
    /// In which form.
    pub format: Format,
    /// Whether it says where it is recorded.
    pub ledger: bool,
    /// Whether it names the issuer's status list.
    pub status: bool,
    /// An entry of another status list.
    pub other_status: Option<StatusEntry>,
    /// A schema that it names.
    pub schema: Option<(String, Value)>,
    /// Seconds from now to the begin of the validity.
    pub begins_in: i64,
    /// Seconds from now to the end of the validity.
    pub ends_in: i64,
    /// Whether it names its subject.
    pub subject: bool,
    /// Who has to countersign, by the issuer's own word.
    pub offer: Vec<Wanted>,
    /// For whom it is, where its format can say so.
    pub audience: Option<&'static str>,
}

/// A credential and what was made about it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The credential as it is now.
    pub credential: SecuredCredential,
    /// Countersignatures beside it.
    pub beside: Vec<String>,
    /// Entries that open to it or to its countersignatures.
    pub entries: Vec<(u64, Opening)>,
    /// What the issuance entry commits to.
    pub opening: Option<Opened>,
    /// Its status entry.
    pub status: Option<StatusEntry>,
    /// Acts on it, with who registered them.
    pub acts: Vec<(Who, ActId)>,
}

impl Order {
    /// A year, with a status and a ledger record.
    #[must_use]
    pub const fn of(format: Format) -> Self {
        Self {
            format,
            ledger: true,
            status: true,
            other_status: None,
            schema: None,
            begins_in: 0,
            ends_in: 365 * 86_400,
            subject: true,
            offer: Vec::new(),
            audience: None,
        }
    }
}

impl World {
    /// A world of Ed25519 keys.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_keys(seed, KeyType::Ed25519)
    }

    /// A world whose people sign with keys of this type; issuer and holder are registered, the status list is published.
    ///
    /// # Panics
    ///
    /// If the ledger refuses what it must accept.
    #[must_use]
    pub fn with_keys(seed: u64, key_type: KeyType) -> Self {
        let mut rng = SeededRng::new(seed);
        let now = Timestamp::parse("2026-06-14T09:00:00Z").expect("a time");
        let ledger = Ledger::new(ORIGIN, 2, &mut rng, now);
        let list = StatusListState::new(LIST, StatusPurpose::Revocation).expect("a list");
        let actors = Vec::new();
        let mut world = Self { rng, now, ledger, actors, list, lists: Vec::new() };
        let issuer = world.settle("issuer", key_type);
        let holder = world.settle("holder", key_type);
        assert_eq!((issuer, holder), (ISSUER, HOLDER));
        world.publish_list();
        world.sleep(3_600);
        world
    }

    /// Lets time pass.
    pub fn sleep(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds);
    }

    /// Somebody new, with a did:webvh recorded on the ledger.
    pub fn settle(&mut self, name: &str, key_type: KeyType) -> Who {
        self.sleep(10);
        let mut actor = Actor::new(name, key_type, Some(ORIGIN), &mut self.rng, self.now);
        let line = actor.lines.last().cloned().unwrap_or_default();
        actor.places.push(self.ledger.append(Kind::Did, line.as_bytes(), self.now));
        self.actors.push(actor);
        Who(self.actors.len().saturating_sub(1))
    }

    /// Somebody who is on no ledger: a did:key.
    pub fn visitor(&mut self, key_type: KeyType) -> Who {
        self.actors.push(Actor::visitor(key_type, &mut self.rng));
        Who(self.actors.len().saturating_sub(1))
    }

    /// One of the people.
    #[must_use]
    pub fn actor(&self, who: Who) -> &Actor {
        &self.actors[who.0]
    }

    /// Replaces the document key by a new one under a new name, and records that.
    pub fn rotate(&mut self, who: Who) -> u64 {
        let name = format!("key-{}", self.actors[who.0].lines.len().saturating_add(1));
        self.rotate_to(who, &name)
    }

    /// Replaces the document key by a new one under this name, and records that.
    pub fn rotate_to(&mut self, who: Who, fragment: &str) -> u64 {
        self.sleep(10);
        let line = self.actors[who.0].rotate(fragment, &mut self.rng, self.now);
        let place = self.ledger.append(Kind::Did, line.as_bytes(), self.now);
        self.actors[who.0].places.push(place);
        place
    }

    /// Ends a DID, and records that.
    pub fn deactivate(&mut self, who: Who) -> u64 {
        self.sleep(10);
        let line = self.actors[who.0].deactivate(self.now);
        let place = self.ledger.append(Kind::Did, line.as_bytes(), self.now);
        self.actors[who.0].places.push(place);
        place
    }

    /// Writes a whole new document, which may name another home, and records that.
    pub fn leave(&mut self, who: Who, document: Value) -> u64 {
        self.sleep(10);
        let line = self.actors[who.0].rewrite(document, &mut self.rng, self.now);
        let place = self.ledger.append(Kind::Did, line.as_bytes(), self.now);
        self.actors[who.0].places.push(place);
        place
    }

    /// A log of the DID with another last line than the one it will have.
    pub fn fork(&mut self, who: Who) -> String {
        self.actors[who.0].fork(&mut self.rng, self.now)
    }

    /// Issues and records a credential.
    pub fn issue(&mut self, format: Format) -> Case {
        let mut case = self.draw_up(&Order::of(format));
        self.record(&mut case, ISSUER);
        case
    }

    /// Issues a credential and records nothing.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub fn draw_up(&mut self, order: &Order) -> Case {
        self.sleep(10);
        let status = order.status.then(|| self.list.allocate(&mut self.rng).expect("an index"));
        let entries: Vec<_> = status.iter().chain(&order.other_status).cloned().collect();
        let mut claims = Map::new();
        claims.insert("name".to_owned(), CLAIM.into());
        let (issuer, subject) = (&self.actors[ISSUER.0], self.actors[HOLDER.0].did.to_string());
        let request = IssueRequest {
            types: &["Badge".to_owned()],
            contexts: &[],
            issuer: issuer.did.as_str(),
            issuer_name: None,
            subject: order.subject.then_some(subject.as_str()),
            subject_key: None,
            claims: &claims,
            evidence: &[],
            valid_from: self.now.plus_seconds(order.begins_in),
            valid_until: Some(self.now.plus_seconds(order.ends_in)),
            status: &entries,
            schema: order.schema.as_ref().map(|(id, schema)| (id.as_str(), schema)),
            log: order.ledger.then_some(ORIGIN),
        };
        let draft = draft(&request, &mut self.rng).expect("a draft");
        let draft = draft.offering(&order.offer).expect("a draft with an offer");
        let audience = order.audience.map(|name| ("aud".to_owned(), name.into()));
        let draft = draft.with_members(&audience.into_iter().collect()).expect("a draft");
        let (method, key) = (issuer.method(), &issuer.key);
        let issued = issue(draft, order.format, (&method, key), self.now, &mut self.rng);
        let issued = issued.expect("a credential");
        Case {
            credential: issued.credential,
            beside: Vec::new(),
            entries: Vec::new(),
            opening: issued.opening,
            status,
            acts: Vec::new(),
        }
    }

    /// Issues and records a credential of which the holder can show a part: an SD-JWT VC if it is `flat`, else a W3C credential
    /// in an SD-JWT. It makes the claims `name` and `age_over_20`, has no status, and confirms the holder's key.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub fn issue_in_parts(&mut self, flat: bool, schema: Option<(&str, &Value)>) -> Case {
        let disclosable = Disclosable { claims: &[], decoys: 2 };
        let securing =
            if flat { Securing::SdJwtVc(disclosable) } else { Securing::SdJwt(disclosable) };
        self.issue_secured(&securing, schema, None)
    }

    /// The same, secured in this way, with a place in a token status list.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub fn issue_secured(
        &mut self,
        securing: &Securing<'_>,
        schema: Option<(&str, &Value)>,
        token: Option<&StatusReference>,
    ) -> Case {
        self.sleep(10);
        let mut claims = Map::new();
        claims.insert("name".to_owned(), CLAIM.into());
        claims.insert("age_over_20".to_owned(), true.into());
        let (issuer, holder) = (&self.actors[ISSUER.0], &self.actors[HOLDER.0]);
        let request = IssueRequest {
            types: &["Badge".to_owned()],
            contexts: &[],
            issuer: issuer.did.as_str(),
            issuer_name: None,
            subject: Some(holder.did.as_str()),
            subject_key: None,
            claims: &claims,
            evidence: &[],
            valid_from: self.now,
            valid_until: Some(self.now.plus_seconds(365 * 86_400)),
            status: &[],
            schema,
            log: Some(ORIGIN),
        };
        let draft = draft(&request, &mut self.rng).expect("a draft");
        let draft = draft.confirming(&holder.key.public_key()).expect("a draft");
        let draft = match token {
            Some(entry) => draft.with_token_status(entry).expect("a draft"),
            None => draft,
        };
        let (method, key) = (issuer.method(), &issuer.key);
        let issued = issue_with(draft, securing, (&method, key), self.now, &mut self.rng);
        let issued = issued.expect("a credential");
        let mut case = Case {
            credential: issued.credential,
            beside: Vec::new(),
            entries: Vec::new(),
            opening: issued.opening,
            status: None,
            acts: Vec::new(),
        };
        self.record(&mut case, ISSUER);
        case
    }

    /// Records the issuance of a credential, in the name of `registrant`.
    pub fn record(&mut self, case: &mut Case, registrant: Who) -> u64 {
        let opening = case.opening.expect("a credential with a ledger record");
        let scid = self.actor(registrant).scid().to_owned();
        let com = commitment(Kind::Issuance, &scid, &opening.salt, &opening.digest);
        let place = self.enter(registrant, &Claims::Issuance { commitment: com });
        case.entries.push((place, to_ledger(&opening)));
        place
    }

    /// Signs an entry with the key of `registrant` and records it.
    ///
    /// # Panics
    ///
    /// If it is not accepted.
    pub fn enter(&mut self, registrant: Who, claims: &Claims) -> u64 {
        self.sleep(10);
        let actor = &self.actors[registrant.0];
        let entry = SignedEntry::sign(claims, &actor.url(), ORIGIN, &actor.key, self.now);
        self.ledger.append(claims.kind(), entry.expect("an entry").as_bytes(), self.now)
    }

    /// Presents credentials to [`AUDIENCE`] in answer to [`NONCE`].
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    pub fn present(&mut self, cases: &[&Case], format: Format, who: Who) -> Presentation {
        self.sleep(10);
        let actor = self.actor(who);
        let method = actor.method();
        let terms = PresentationTerms {
            holder: actor.did.as_str(),
            method: &method,
            nonce: NONCE,
            audience: AUDIENCE,
            created: self.now,
        };
        let credentials: Vec<_> = cases.iter().map(|case| case.credential.clone()).collect();
        inkan_holder::present::present(&credentials, format, &terms, &actor.key)
            .expect("a presentation")
    }

    /// A verifier that pinned the ledger and demands receipts, now.
    #[must_use]
    pub fn context(&self) -> Context {
        Context {
            logs: vec![self.ledger.policy()],
            grade: inkan_ledger::Grade::Witnessed(2),
            timestamps: None,
            certificates: None,
            receipts: Receipts::Required,
            expectation: None,
            max_age: None,
            declared: std::sync::Arc::default(),
            known: Vec::new(),
            as_of: self.now,
            received_at: self.now,
        }
    }

    /// The same, waiting for an answer to [`NONCE`].
    #[must_use]
    pub fn asking(&self) -> Context {
        let expectation = Expectation {
            nonce: NONCE.to_owned(),
            audience: AUDIENCE.to_owned(),
            nonce_issued_at: Some(self.now.plus_seconds(-30)),
            live: Live::Yes,
        };
        Context { expectation: Some(expectation), ..self.context() }
    }
}

/// A schema that every credential here fits, under the id that it is known by.
#[must_use]
pub fn fitting_schema() -> (String, Value) {
    let id = "https://ledger.example/schemas/badge";
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": id,
        "type": "object",
        "properties": { "credentialSubject": { "type": "object", "required": ["name"] } },
        "required": ["credentialSubject"],
    });
    (id.to_owned(), schema)
}

fn to_ledger(opening: &Opened) -> Opening {
    let format = match opening.format {
        "di" => DigestFormat::Di,
        "di-proof" => DigestFormat::DiProof,
        _ => DigestFormat::Jws,
    };
    Opening::new(format, opening.salt, opening.digest)
}
