//! What travels with an artefact, in pieces that a test can take away, exchange and damage.

use std::collections::BTreeMap;

use inkan_credential::bundle::{Artefact, Bundle, ServedStatusList};
use inkan_credential::{Presentation, SecuredCredential};
use inkan_io::gather::from_bundle;
use inkan_ledger::{ActId, CurrentProof, MapKey, Receipt};
use inkan_verifier::{Context, Verification, verify};

use super::{Case, LIST, Who, World};

/// The pieces of a bundle.
#[derive(Clone, Debug)]
pub struct Parts {
    /// What it is about.
    pub artefact: Artefact,
    /// Countersignatures beside it.
    pub beside: Vec<String>,
    /// Receipts.
    pub receipts: Vec<Receipt>,
    /// Current-proofs.
    pub current: Vec<CurrentProof>,
    /// DID logs.
    pub did_logs: Vec<(String, String)>,
    /// Status lists.
    pub lists: Vec<ServedStatusList>,
    /// A schema that travels along.
    pub schema: Option<(String, serde_json::Value)>,
    /// Powers of attorney.
    pub powers: Vec<serde_json::Value>,
    /// What the verifier has at hand besides, by URL; it does not travel along.
    pub resources: BTreeMap<String, Vec<u8>>,
}

impl Parts {
    /// An artefact alone.
    #[must_use]
    pub const fn of(artefact: Artefact) -> Self {
        Self {
            artefact,
            beside: Vec::new(),
            receipts: Vec::new(),
            current: Vec::new(),
            did_logs: Vec::new(),
            lists: Vec::new(),
            schema: None,
            powers: Vec::new(),
            resources: BTreeMap::new(),
        }
    }

    /// The bundle.
    #[must_use]
    pub fn bundle(&self) -> Bundle {
        let mut bundle = Bundle::of(self.artefact.clone());
        bundle.countersignatures.clone_from(&self.beside);
        let mut checkpoints = Vec::new();
        bundle.receipts =
            self.receipts.iter().map(|one| one.to_bundle_value(&mut checkpoints)).collect();
        bundle.checkpoints = checkpoints;
        bundle.current = self.current.iter().map(CurrentProof::to_value).collect();
        bundle.did_logs = self.did_logs.iter().cloned().collect();
        bundle.status_lists.clone_from(&self.lists);
        bundle.powers.clone_from(&self.powers);
        if let Some((id, schema)) = &self.schema {
            bundle.add_schema(id, schema.clone());
        }
        bundle
    }

    /// The bundle as a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bundle().to_value().to_string().into_bytes()
    }

    /// Judges the file that these pieces make.
    ///
    /// # Panics
    ///
    /// If it cannot be read.
    pub fn judge(&self, context: &Context) -> Verification {
        let bundle = Bundle::parse(&self.to_bytes()).expect("a bundle");
        let mut material = from_bundle(&bundle);
        material.resources.clone_from(&self.resources);
        verify(&bundle, &material, context)
    }

    /// The credential.
    #[must_use]
    pub fn credential(&self) -> &SecuredCredential {
        &self.artefact.credentials()[0]
    }

    /// Takes a credential's place.
    pub fn put(&mut self, credential: SecuredCredential) {
        self.artefact = Artefact::Credential(credential);
    }

    /// Removes the receipt of the leaf with these bytes.
    pub fn drop_receipt(&mut self, of: &Receipt) {
        self.receipts.retain(|receipt| receipt.leaf_bytes() != of.leaf_bytes());
    }
}

impl World {
    /// Everything that the ledger knows of a credential now.
    #[must_use]
    pub fn parts(&self, case: &Case) -> Parts {
        self.parts_of(Artefact::Credential(case.credential.clone()), &[case])
    }

    /// Everything that the ledger knows of a presentation now.
    #[must_use]
    pub fn parts_presented(&self, presentation: Presentation, cases: &[&Case]) -> Parts {
        self.parts_of(Artefact::Presentation(presentation), cases)
    }

    fn parts_of(&self, artefact: Artefact, cases: &[&Case]) -> Parts {
        let mut parts = Parts::of(artefact);
        for actor in self.actors.iter().filter(|actor| !actor.places.is_empty()) {
            parts.receipts.extend(actor.places.iter().map(|place| self.ledger.receipt(*place)));
            parts.current.push(self.head_of(&MapKey::did(actor.scid())));
            parts.did_logs.push((actor.did.to_string(), actor.did_log(usize::MAX)));
        }
        for case in cases {
            parts.beside.extend(case.beside.iter().cloned());
            for (place, opening) in &case.entries {
                let receipt = self.ledger.receipt(*place).with_opening(opening.clone());
                parts.receipts.push(receipt);
            }
            for (who, act) in &case.acts {
                parts.current.push(self.act_head(*who, act));
            }
        }
        if cases.iter().any(|case| case.status.is_some()) {
            self.add_list(&mut parts, self.lists.len().saturating_sub(1));
            parts.current.push(self.head_of(&self.list_key()));
        }
        parts
    }

    /// Adds one publication of the status list, and its receipt.
    pub fn add_list(&self, parts: &mut Parts, number: usize) {
        let (body, place) = &self.lists[number];
        parts.lists.push(ServedStatusList::new(LIST, body.as_bytes()));
        parts.receipts.extend(place.map(|place| self.ledger.receipt(place)));
    }

    /// What the map says now.
    #[must_use]
    pub fn head_of(&self, key: &MapKey) -> CurrentProof {
        self.ledger.current(key, self.ledger.size())
    }

    /// What the map says of an act now.
    #[must_use]
    pub fn act_head(&self, who: Who, act: &ActId) -> CurrentProof {
        self.head_of(&MapKey::act(self.actor(who).scid(), act))
    }

    /// The map's key of the issuer's status list.
    #[must_use]
    pub fn list_key(&self) -> MapKey {
        MapKey::status(self.actor(super::ISSUER).scid(), LIST)
    }
}

/// Judges a bundle, resting on what travels in it alone.
pub fn judge(bundle: &Bundle, context: &Context) -> Verification {
    verify(bundle, &from_bundle(bundle), context)
}

/// Judges a bundle that is a file.
///
/// # Panics
///
/// If it cannot be read.
pub fn judge_bytes(bytes: &[u8], context: &Context) -> Verification {
    let bundle = Bundle::parse(bytes).expect("a bundle");
    judge(&bundle, context)
}
