//! The case that time and size are measured by: five countersignatures, seven receipts under one checkpoint.

use inkan_credential::Format;
use inkan_credential::countersignature::{Role, Wanted};
use inkan_crypto::KeyType;
use inkan_verifier::{Context, Receipts};

use super::{Case, HOLDER, ISSUER, Order, Parts, Step, World};

/// Signatures by the parties' own keys that a verification of [`World::agreed`] has to check: the issuer's, five countersignatures
/// and the seal; of the ledger's entries the issuance, five acts and the seal.
pub const OWN_CHECKS: usize = 1 + 6 + 7;
/// Those by keys of Ed25519 in any case: the operator's and two witnesses' on the one checkpoint; one line in each of six DID logs.
pub const OTHER_CHECKS: usize = 3 + 6;

impl World {
    /// A credential that its subject, three witnesses and a notary have countersigned as its issuer demands, and that the issuer has
    /// sealed, with what proves it: receipts of the issuance, of each act and of the seal, and of the lines of all DID logs, all
    /// under the newest checkpoint.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    #[must_use]
    pub fn agreed(key_type: KeyType, format: Format) -> (Self, Parts, Context) {
        let mut world = Self::with_keys(950, key_type);
        let witnesses: Vec<_> =
            ["one", "two", "three"].map(|name| world.settle(name, key_type)).into();
        let notary = world.settle("notary", key_type);
        let offer = vec![
            Wanted::of(Role::Holder),
            Wanted { at_least: 3, distinct: true, ..Wanted::of(Role::Witness) },
            Wanted { after: Some(Role::Witness), ..Wanted::of(Role::Notary) },
        ];
        let order = Order { offer, status: false, ..Order::of(format) };
        let mut case = world.draw_up(&order);
        world.record(&mut case, ISSUER);
        let mut sign = |case: &mut Case, who, role, step| {
            let acted = world.sign_act(case, who, role, step);
            world.record_act(case, &acted, who);
        };
        sign(&mut case, HOLDER, Role::Holder, Step::Accept);
        for witness in witnesses {
            sign(&mut case, witness, Role::Witness, Step::Accept);
        }
        sign(&mut case, notary, Role::Notary, Step::Accept);
        sign(&mut case, ISSUER, Role::CoIssuer, Step::Seal);
        let size = world.ledger.size();
        let mut parts = world.parts(&case);
        parts.current.clear();
        parts.did_logs.clear();
        let lines = world.actors.iter().flat_map(|actor| &actor.places);
        parts.receipts = lines.map(|place| world.ledger.receipt_at(*place, size)).collect();
        for (place, opening) in &case.entries {
            let receipt = world.ledger.receipt_at(*place, size);
            parts.receipts.push(receipt.with_opening(opening.clone()));
        }
        let context = Context { receipts: Receipts::Required, ..world.context() };
        (world, parts, context)
    }
}
