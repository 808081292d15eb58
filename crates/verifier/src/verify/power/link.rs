//! The links of one chain, each verified as of the act and as of the judged time.

use inkan_core::Timestamp;
use inkan_credential::SecuredCredential;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::delegation::Chain;
use inkan_credential::model::StatusPurpose;
use inkan_did::Did;

use super::newest::{Moment, was_newest};
use super::number;
use crate::capacity::{PowerFault, Stands};
use crate::check::{Check, CheckName, Outcome};
use crate::known;
use crate::ledger_view::LedgerView;
use crate::material::Context;
use crate::reason::Reason;
use crate::verify::Bench;
use crate::verify::credential;
use crate::verify::linked::Voice;
use crate::verify::record::Found;
use crate::verify::signer;

/// When an act was done, as far as it can be told.
pub(super) struct Then<'a> {
    /// The operator's time of its record, else the judged time.
    as_of: Timestamp,
    /// Its record.
    found: &'a Found,
}

impl<'a> Then<'a> {
    pub(super) fn of(bench: &Bench<'_>, found: &'a Found) -> Self {
        let as_of = bench.context.as_of;
        let recorded = found.of_signature().map(|record| record.recorded.leaf_time());
        Self { as_of: recorded.map_or(as_of, |time| time.min(as_of)), found }
    }

    fn place(&self) -> Option<(&str, u64)> {
        let recorded = &self.found.of_signature()?.recorded;
        Some((recorded.origin(), recorded.leaf_index()))
    }
}

/// Links, the principal's first, and the chain that they are.
pub(super) struct Links<'a, 'b> {
    pub(super) bench: &'a Bench<'b>,
    pub(super) links: &'a [&'a SecuredCredential],
    pub(super) chain: &'a Chain,
}

/// What became of links that hold.
pub(super) struct Judged {
    pub(super) stands: Stands,
    pub(super) voices: Vec<Voice>,
}

/// What a bench found of the links.
struct Seen {
    /// Lines by link.
    lines: Vec<Vec<Check>>,
    /// The first party whose DID had ended, by place.
    ended: Option<(usize, Reason)>,
    /// What an earlier verification knew and nothing at hand shows.
    behind: bool,
    voices: Vec<Voice>,
}

impl Links<'_, '_> {
    /// Judges them; the first fault of the first link that has one, if they did not hold as of the act.
    pub(super) fn judge(&self, then: &Then<'_>) -> Result<Judged, PowerFault> {
        let left = self.bench.mandates.get();
        if left == 0 {
            return Err(PowerFault::Open { link: 1, code: Reason::TooMuchWork.code() });
        }
        self.bench.mandates.set(left.saturating_sub(1));
        // Whom the verifier is stays what it is: a power may be made out to it.
        let context = |as_of, max_age| Context { as_of, max_age, ..self.bench.context.clone() };
        // Whether the lists of then were the newest is asked below, of all that is at hand now.
        let past = self.look(
            &context(then.as_of, None),
            self.bench.ledger.of_receipts(then.place()),
            then.found,
        );
        let today = context(self.bench.context.as_of, self.bench.context.max_age);
        // Without a record: whoever has ended by now gives nothing now.
        let now = self.look(&today, self.bench.ledger.again(), &Found::default());
        if let Some((place, reason)) = past.ended {
            return Err(PowerFault::NotInForce { link: number(place), code: reason.code() });
        }
        for (place, (past, today)) in past.lines.iter().zip(&now.lines).enumerate() {
            if let Some(fault) = fault(number(place), past.iter()) {
                return Err(fault);
            }
            // Whether it is its issuer's is judged by all that is known now: a stolen key may be reported later.
            if let Some(fault) = fault(number(place), today.iter().filter(is_of_origin)) {
                return Err(fault);
            }
            let link = self.links.get(place).copied().ok_or(PowerFault::NotNamed)?;
            self.unrevoked((number(place), link), (past, today, now.behind), then)?;
        }
        let stands = self.stands(&now);
        Ok(Judged { stands, voices: past.voices })
    }

    /// Verifies every link with a bench of its own.
    fn look(&self, context: &Context, ledger: LedgerView<'_>, found: &Found) -> Seen {
        let Some(first) = self.links.first() else {
            return Seen { lines: vec![], ended: None, behind: false, voices: vec![] };
        };
        let bundle = Bundle::of(Artefact::Credential((*first).clone()));
        let bench = Bench::with(&bundle, self.bench.material, context, ledger);
        bench.tries.set(self.bench.tries.get());
        let lines = self.links.iter().map(|link| {
            let mut lines = Vec::new();
            credential::check(&bench, "power", link, &mut lines);
            lines
        });
        let lines = lines.collect();
        let mut ended = None;
        let mut voices = Vec::new();
        for (place, party) in self.chain.parties().enumerate() {
            let Ok(did) = Did::parse(party) else { continue };
            // Who cannot be resolved has issued nothing that holds; the agent itself was looked at before.
            let Ok(history) = bench.history(&did) else { continue };
            let record = found.of_signature().map(|record| &record.recorded);
            voices.push(Voice::of(&did, &history, record));
            if let Err(reason) = signer::ended_before(&bench, &history, found) {
                ended.get_or_insert((place.saturating_sub(1), reason));
            }
        }
        self.bench.tries.set(bench.tries.get());
        let behind = !known::check(&bench.ledger, context).is_empty();
        self.bench.remember(&bench);
        Seen { lines, ended, behind, voices }
    }

    /// That a link was neither revoked nor suspended as of the act.
    fn unrevoked(
        &self,
        (link, secured): (usize, &SecuredCredential),
        (past, today, behind): (&[Check], &[Check], bool),
        then: &Then<'_>,
    ) -> Result<(), PowerFault> {
        let settled = |lines: &[Check]| status(lines).all(|line| reason(line).is_none());
        let credential = secured.credential();
        let for_good = credential.token_status().is_none()
            && credential.status().iter().all(|one| one.purpose == StatusPurpose::Revocation);
        let (was_good, is_good) = (settled(past), settled(today) && !behind);
        let lists = |lines| -> Vec<_> { status(lines).map(list_of).collect() };
        let enough =
            was_good && self.bench.context.max_age.is_none() && lists(past) == lists(today);
        if is_good && (for_good || enough) {
            return Ok(());
        }
        let open = |lines: &[Check]| {
            let code = status(lines).find_map(reason).map_or(Reason::Stale.code(), Reason::code);
            PowerFault::Open { link, code }
        };
        if !was_good {
            return Err(open(past));
        }
        // It was revoked since, or that cannot be told: then the list of then has to be the one that was in force.
        let mut used = status(past).filter(|line| line.outcome == Outcome::Pass).peekable();
        let issuer = credential.issuer();
        let newest = |line: &Check| {
            let moment =
                then.place().map(|(origin, place)| Moment { origin, place, time: then.as_of });
            let (list, act) = (list_of(line), moment);
            list.zip(act).is_some_and(|(list, act)| was_newest(self.bench, issuer, list, &act))
        };
        if used.peek().is_some() && used.all(newest) { Ok(()) } else { Err(open(today)) }
    }

    /// Whether all links are in force as of the judged time.
    fn stands(&self, now: &Seen) -> Stands {
        if let Some((place, reason)) = &now.ended {
            let (link, code) = (number(*place), reason.code());
            return PowerFault::NotInForce { link, code }.into_stands();
        }
        if now.behind {
            let code = Reason::NewerKnown.code();
            return PowerFault::Open { link: 1, code }.into_stands();
        }
        for (place, lines) in now.lines.iter().enumerate() {
            let link = number(place);
            if let Some(fault) = fault(link, lines.iter()) {
                return fault.into_stands();
            }
            if let Some(reason) = status(lines).find_map(reason) {
                return PowerFault::Open { link, code: reason.code() }.into_stands();
            }
        }
        Stands::Yes
    }
}

fn status(lines: &[Check]) -> impl Iterator<Item = &Check> {
    lines.iter().filter(|line| line.name == CheckName::Status)
}

/// Log and place of the list that a line rests on, if it is recorded.
fn list_of(line: &Check) -> Option<(&str, u64)> {
    let log = line.evidence.get("listLog")?.as_str()?;
    Some((log, line.evidence.get("listEntry")?.as_u64()?))
}

/// Whether a line is about who made the link and when, which no later will can change.
fn is_of_origin(line: &&Check) -> bool {
    matches!(
        line.name,
        CheckName::IssuerLog
            | CheckName::OnLedger
            | CheckName::Time
            | CheckName::KeyInForce
            | CheckName::Signature
    )
}

/// Why a line stands in the way: it failed, or could not be made and had to be.
fn reason(line: &Check) -> Option<&Reason> {
    line.reason().filter(|_| line.failed() || line.blocks())
}

/// The first thing that is wrong with a link; a status that is not known is another question.
fn fault<'a>(link: usize, lines: impl Iterator<Item = &'a Check> + Clone) -> Option<PowerFault> {
    let failed = lines.clone().filter(|line| line.failed());
    let failed = failed.filter_map(|line| Some((line.name, line.reason()?))).next();
    if let Some((name, reason)) = failed {
        return Some(match (name, reason) {
            (_, Reason::Revoked { since }) => PowerFault::Revoked { link, since: *since },
            (CheckName::Validity | CheckName::DidActive, reason)
            | (_, reason @ Reason::Suspended { .. }) => {
                PowerFault::NotInForce { link, code: reason.code() }
            }
            (_, reason) => PowerFault::Invalid { link, code: reason.code() },
        });
    }
    let open = lines.filter(|line| line.blocks() && line.name != CheckName::Status);
    let open = open.filter_map(Check::reason).next();
    open.map(|reason| PowerFault::Open { link, code: reason.code() })
}
