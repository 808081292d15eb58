//! Powers of attorney: issued by anybody, recorded, passed on, revoked.

use inkan_core::Timestamp;
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::countersignature::{Role, Under};
use inkan_credential::delegation::{Grant, POWER_CLAIM, POWER_TYPE, Power};
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::{Format, SecuredCredential};
use inkan_issuer::status::BitState;
use inkan_issuer::{IssueRequest, StatusListState, draft, issue};
use inkan_ledger::{Claims, Kind, MapKey, StatusClaims, StatusFormat, commitment};
use serde_json::{Map, json};

use super::{ORIGIN, Parts, Who, World, sign_list, to_ledger};

/// The status list of those who give powers.
pub const POWER_LIST: &str = "https://ledger.example/status/powers";

/// A power of attorney, and what was made about it.
#[derive(Clone, Debug)]
pub struct Given {
    /// The power.
    pub power: SecuredCredential,
    /// Where it is recorded, and what opens the entry.
    pub entry: (u64, inkan_ledger::Opening),
    /// Its place in the list of its issuer.
    pub status: Option<StatusEntry>,
}

/// What somebody gives.
#[derive(Clone, Debug)]
pub struct Gift {
    /// In which form.
    pub format: Format,
    /// In which roles.
    pub roles: Vec<Role>,
    /// Over which types.
    pub types: Vec<String>,
    /// How often it may be passed on.
    pub depth: u32,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Whether it can be revoked.
    pub revocable: bool,
    /// Another principal than the issuer, or than that of the link before.
    pub principal: Option<String>,
}

/// The status list of one who gives powers, and every publication of it.
#[derive(Debug)]
pub struct PowerList {
    /// Whose it is.
    pub owner: Who,
    /// Its state.
    pub state: StatusListState,
    /// Bodies, and where they are recorded.
    pub lists: Vec<(String, u64)>,
}

impl Given {
    /// The member of a countersignature that is made under it.
    #[must_use]
    pub fn for_role(&self, for_role: Role) -> Option<Under> {
        Some(Under { power: self.power.signed_digest(), for_role })
    }
}

impl World {
    /// A power over badges, for holders and witnesses, for thirty days.
    #[must_use]
    pub fn gift(&self) -> Gift {
        Gift {
            format: Format::DataIntegrity,
            roles: vec![Role::Holder, Role::Witness],
            types: vec!["Badge".to_owned()],
            depth: 0,
            from: self.now,
            until: self.now.plus_seconds(30 * 86_400),
            revocable: false,
            principal: None,
        }
    }

    /// The status list of somebody, published.
    pub fn power_list(&mut self, owner: Who) -> PowerList {
        let state = StatusListState::new(POWER_LIST, StatusPurpose::Revocation).expect("a list");
        let mut list = PowerList { owner, state, lists: Vec::new() };
        self.publish_powers(&mut list);
        list
    }

    /// Publishes it as it is now, and records that.
    pub fn publish_powers(&mut self, list: &mut PowerList) {
        self.sleep(10);
        let published =
            sign_list(&mut list.state, &self.actors[list.owner.0], self.now, 90 * 86_400);
        let claims = Claims::Status(StatusClaims {
            uri: POWER_LIST.to_owned(),
            format: StatusFormat::Bitstring { purpose: "revocation".to_owned() },
            sequence: published.seq,
            digest: published.digest,
            length: published.length,
            not_before: published.valid_from,
            expires: published.valid_until,
        });
        let place = self.enter(list.owner, &claims);
        list.lists.push((published.body, place));
    }

    /// Revokes a power.
    pub fn revoke_power(&mut self, list: &mut PowerList, given: &Given) {
        let entry = given.status.as_ref().expect("a power with a status");
        list.state.change(entry, BitState::Set).expect("one of the list");
        self.publish_powers(list);
    }

    /// Somebody gives a power, or passes one on, and records that.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub fn give(
        &mut self,
        (from, to): (Who, Who),
        gift: &Gift,
        under: Option<&Given>,
        list: Option<&mut PowerList>,
    ) -> Given {
        self.sleep(10);
        let before = under.map(|given| Power::of(&given.power).expect("a power"));
        let issuer = &self.actors[from.0];
        let principal = before.as_ref().map(|before| before.grant.principal.clone());
        let grant = Grant {
            principal: gift
                .principal
                .clone()
                .or(principal)
                .unwrap_or_else(|| issuer.did.to_string()),
            acts: [inkan_credential::delegation::PowerAct::Countersign].into(),
            for_roles: gift.roles.iter().copied().collect(),
            credential_types: gift.types.iter().cloned().collect(),
            issuers: None,
            may_delegate: gift.depth,
            under: before.map(|before| before.digest),
        };
        let mut claims = Map::new();
        claims.insert(POWER_CLAIM.to_owned(), grant.to_value());
        let status = list.map(|list| list.state.allocate(&mut self.rng).expect("an index"));
        let agent = self.actors[to.0].did.to_string();
        let request = IssueRequest {
            types: &[POWER_TYPE.to_owned()],
            contexts: &[],
            issuer: issuer.did.as_str(),
            issuer_name: None,
            subject: Some(&agent),
            subject_key: None,
            claims: &claims,
            evidence: &[],
            valid_from: gift.from,
            valid_until: Some(gift.until),
            status: status.as_slice(),
            schema: None,
            log: Some(ORIGIN),
        };
        let draft = draft(&request, &mut self.rng).expect("a draft");
        let (method, key) = (issuer.method(), &issuer.key);
        let issued = issue(draft, gift.format, (&method, key), self.now, &mut self.rng);
        let issued = issued.expect("a power");
        let opening = issued.opening.expect("a ledger record");
        let scid = self.actor(from).scid().to_owned();
        let com = commitment(Kind::Issuance, &scid, &opening.salt, &opening.digest);
        let place = self.enter(from, &Claims::Issuance { commitment: com });
        Given { power: issued.credential, entry: (place, to_ledger(&opening)), status }
    }

    /// Adds powers to the pieces, and what the ledger knows of them now.
    pub fn add_powers(&self, parts: &mut Parts, given: &[&Given], list: Option<&PowerList>) {
        for one in given {
            parts.powers.push(one.power.to_value());
            let receipt = self.ledger.receipt(one.entry.0).with_opening(one.entry.1.clone());
            parts.receipts.push(receipt);
        }
        if let Some(list) = list {
            self.add_power_list(parts, list, list.lists.len().saturating_sub(1));
            parts.current.push(self.head_of(&self.power_list_key(list)));
        }
    }

    /// Adds one publication of the list, and its receipt.
    pub fn add_power_list(&self, parts: &mut Parts, list: &PowerList, number: usize) {
        let (body, place) = &list.lists[number];
        parts.lists.push(ServedStatusList::new(POWER_LIST, body.as_bytes()));
        parts.receipts.push(self.ledger.receipt(*place));
    }

    /// The map's key of the list.
    #[must_use]
    pub fn power_list_key(&self, list: &PowerList) -> MapKey {
        MapKey::status(self.actor(list.owner).scid(), POWER_LIST)
    }
}

/// The claim of a power, as JSON.
#[must_use]
pub fn some_claim() -> serde_json::Value {
    json!({
        "principal": "did:example:principal", "acts": ["countersign"], "forRoles": ["holder"],
        "credentialTypes": ["Badge"], "issuers": ["did:example:bank"], "mayDelegate": 1,
        "under": inkan_core::sha256(&[b"before"]).to_b64u(),
    })
}
