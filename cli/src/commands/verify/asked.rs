//! `inkan verify --request-out`: after a refusal, what to ask the wallet for, as a request of OpenID4VP.
//!
//! Data flow: remedies of the report → query → nonce of this profile → parameters, signed if the profile has a DID → file. The answer is judged by
//! `inkan verify` under the same policy, as any presentation is.

use inkan_assurance::{Decision, Policy, PresentationRequest, ReplyTo, Report};
use inkan_core::tolerance;
use inkan_crypto::{KeyType, jws};
use inkan_io::profile::OwnDid;
use serde_json::{Value, json};

use super::fixed;
use crate::args::VerifyArgs;
use crate::commands::request;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;

/// Who asks, and where the answer goes.
pub(super) struct Asking<'a> {
    reply: ReplyTo<'a>,
    path: &'a str,
    /// Whose key signs; without one the request is known by where its answer goes.
    signer: Option<OwnDid>,
}

impl<'a> Asking<'a> {
    /// What the options ask for; looked at before anything is judged.
    pub(super) fn of(args: &'a VerifyArgs, home: &Home) -> Result<Option<Self>, Failure> {
        let Some(path) = &args.request_out else { return Ok(None) };
        let reply = match (&args.response_uri, &args.origin) {
            (Some(url), _) => ReplyTo::Post(url),
            (None, Some(origin)) => ReplyTo::Page(origin),
            (None, None) => {
                let usage =
                    "--request-out: say with --response-uri or --origin where the answer goes";
                return Err(CliError::Usage(usage.to_owned()).into());
            }
        };
        let signer = match identity::own(home, args.identity.as_deref()) {
            Ok(own) => Some(own),
            Err(failure) if failure.code() == "did-missing" && args.identity.is_none() => None,
            Err(failure) => return Err(failure),
        };
        Ok(Some(Self { reply, path, signer }))
    }

    /// Writes the request, unless there is nothing to ask for.
    pub(super) fn write(
        &self,
        report: &Report,
        (args, policy): (&VerifyArgs, &Policy),
        home: &Home,
        context: &Context,
    ) -> Result<(), Failure> {
        let Some(query) = report.query() else {
            let why = match report.decision() {
                Decision::Accept => "it was accepted: there is nothing to ask for",
                Decision::Reject | Decision::Undetermined => {
                    "no request was written: what is wrong is not mended by another presentation"
                }
            };
            context.speech.say(why);
            return Ok(());
        };
        let (now, nonce) = (context.now(), request::fresh_nonce());
        let signer = self.signer.as_ref().map(|own| own.did.as_str());
        let asked = PresentationRequest::of(query, self.reply, signer, &nonce);
        let object = match &self.signer {
            Some(own) => Some(signed(&asked, own, home, context)?),
            None => None,
        };
        let until = now.plus_seconds(tolerance::PRESENTATION);
        let value = json!({
            "type": "inkan-presentation-request/1",
            "parameters": asked.parameters(),
            "requestObject": object,
            "digital": asked.digital(object.as_deref()),
            "link": asked.link(object.as_deref()),
            "audience": asked.audience(),
            "nonce": nonce,
            "policy": args.policy,
            "issuedAt": now.to_string(),
            "validUntil": until.to_string(),
        });
        // Nothing may answer a nonce of which nobody was told; and what was told must be known here.
        let pinned = fixed::pin(&fixed::named(args), policy);
        let bound = (Some(asked.audience().to_owned()), Some(pinned));
        request::keep(&nonce, bound, &home.profile, now)?;
        context.deliver(format!("{value:#}\n"), Some(self.path))?;
        context.speech.say(&format!("to be answered by {until}; the answer counts once"));
        Ok(())
    }
}

/// The Request Object (RFC 9101).
fn signed(
    asked: &PresentationRequest,
    own: &OwnDid,
    home: &Home,
    context: &Context,
) -> Result<String, Failure> {
    let keyring = Keyring::open(context, home)?;
    for key in &own.keys {
        // No JWS is signed with BBS.
        if keyring.key(&key.key)?.public_key().key_type() != KeyType::Bls12381G2 {
            let hand = Hand::of(own, Some(&key.key), &keyring, home)?;
            let payload = Value::Object(asked.parameters().clone()).to_string();
            let header = PresentationRequest::header(hand.method.as_str());
            return Ok(jws::sign(header, payload.as_bytes(), hand.key)?);
        }
    }
    let detail = format!("no key of {} signs a request", own.name);
    Err(CliError::KeyUnsuitable { detail }.into())
}
