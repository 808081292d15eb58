//! Countersigning, and recording acts.

use inkan_credential::Opening as Opened;
use inkan_credential::countersignature::{Role, Under};
use inkan_holder::act::{self, Act, Acted};
use inkan_ledger::{ActId, Claims, Kind, commitment};

use super::{Case, HOLDER, ORIGIN, Who, World, to_ledger};

/// What somebody decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Stands behind it.
    Accept,
    /// Takes that back.
    Withdraw,
    /// Does not stand behind it.
    Refuse,
    /// Closes it.
    Seal,
}

impl World {
    /// The holder accepts the credential and records the act.
    pub fn accept(&mut self, case: &mut Case) -> Acted {
        let acted = self.sign_act(case, HOLDER, Role::Holder, Step::Accept);
        self.record_act(case, &acted, HOLDER);
        acted
    }

    /// The holder takes its acceptance back and records that.
    pub fn withdraw(&mut self, case: &mut Case) -> Acted {
        let acted = self.sign_act(case, HOLDER, Role::Holder, Step::Withdraw);
        self.record_act(case, &acted, HOLDER);
        acted
    }

    /// Somebody signs one state of an act, without recording it.
    pub fn sign_act(&mut self, case: &mut Case, who: Who, role: Role, step: Step) -> Acted {
        self.sign_under(case, who, (role, None), step)
    }

    /// The same, under a power of attorney if one is named.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    pub fn sign_under(
        &mut self,
        case: &mut Case,
        who: Who,
        (role, under): (Role, Option<Under>),
        step: Step,
    ) -> Acted {
        self.sleep(10);
        let actor = &self.actors[who.0];
        let method = actor.method();
        let beside = &case.beside;
        let act = Act { role, method: &method, log: ORIGIN, beside, reason: None, under };
        let make = match step {
            Step::Accept => act::accept,
            Step::Withdraw => act::withdraw,
            Step::Refuse => act::refuse,
            Step::Seal => act::seal,
        };
        let acted = make(&case.credential, &act, &actor.key, self.now, &mut self.rng);
        let acted = acted.expect("an act");
        case.credential = acted.credential.clone();
        case.beside.extend(acted.beside.clone());
        acted
    }

    /// Records one state of an act in the name of `registrant`.
    pub fn record_act(&mut self, case: &mut Case, acted: &Acted, registrant: Who) -> u64 {
        let act = ActId::from_bytes(*acted.countersignature.act());
        self.record_act_as(case, acted, registrant, act)
    }

    /// Records a state under any act's name.
    pub fn record_act_as(
        &mut self,
        case: &mut Case,
        acted: &Acted,
        registrant: Who,
        act: ActId,
    ) -> u64 {
        let scid = self.actor(registrant).scid().to_owned();
        let Opened { salt, digest, .. } = acted.opening;
        let com = commitment(Kind::Countersignature, &scid, &salt, &digest);
        let sequence = self.ledger.next_state(&scid, &act);
        let claims = Claims::Countersignature { commitment: com, act, sequence };
        let place = self.enter(registrant, &claims);
        case.entries.push((place, to_ledger(&acted.opening)));
        if !case.acts.contains(&(registrant, act)) {
            case.acts.push((registrant, act));
        }
        place
    }
}
