//! `inkan ledger witness` and `inkan ledger mirror`: cosigning somebody's log. The line on standard output says that it
//! answers, and with which key.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use inkan_io::clock::OsClock;
use inkan_ledger::VerifierKey;
use inkan_server::mirror::{self, MirrorOptions};
use inkan_server::witness::{self, Doubt, OnDoubt, WitnessOptions};
use serde_json::{Value, json};

use crate::args::{MirrorArgs, WitnessArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, Outcome, Speech};

pub(super) fn witness(args: &WitnessArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let speech = context.speech;
    about_listening(args.listen, speech);
    let who = &args.cosigner;
    let (data, policy) = (Path::new(&who.data), Path::new(&who.policy));
    let options = WitnessOptions {
        prefix: who.prefix.clone(),
        ..WitnessOptions::new(data, &who.name, policy, args.listen)
    };
    let on_doubt: OnDoubt = Box::new(move |doubt| {
        let Doubt { origin, refused, seen, is_proven } = doubt;
        let (seen, refused) = (seen.display(), refused.display());
        let what = if *is_proven {
            format!(
                "{origin} SIGNED TWO HISTORIES: heads of one size with two roots. Not cosigned, and both are kept:"
            )
        } else {
            format!(
                "a head of {origin} was not shown to continue what was seen: not cosigned, and both are kept. Whether \
                 there are two histories:"
            )
        };
        speech.warn(&format!("{what} inkan ledger watch --compare {seen} {refused}"));
    });
    witness::run(&options, Arc::new(OsClock), on_doubt, |address, key| {
        ready("witness", address, &who.prefix, key, speech);
    })?;
    speech.say("ended in order: what it cosigned is remembered");
    Ok(Outcome::said())
}

pub(super) fn mirror(args: &MirrorArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let speech = context.speech;
    let who = &args.cosigner;
    let options = MirrorOptions {
        prefix: who.prefix.clone(),
        every: Duration::from_secs(args.every),
        plain: context.plain_http(false),
        ..MirrorOptions::new(
            &PathBuf::from(&who.data),
            &who.name,
            Path::new(&who.policy),
            &args.source,
            args.listen,
        )
    };
    if args.once {
        let (key, mirrored) = mirror::follow_once(&options, context.now())?;
        let root = mirrored.head.root_hash.digest().to_hex();
        let (size, new) = (mirrored.head.tree_size, mirrored.new_leaves);
        let human = format!(
            "all {size} entries obey the rules, and the map is right ({new} new)\nroot {root}\ncosigned by {key}\n"
        );
        let value = json!({ "size": size, "root": root, "newLeaves": new, "key": key.to_string() });
        return Ok(Outcome::new("inkan-ledger-mirror/1", human, value));
    }
    about_listening(args.listen, speech);
    let report: mirror::Report = Box::new(move |followed| match followed {
        Ok(mirrored) if mirrored.new_leaves > 0 => {
            let size = mirrored.head.tree_size;
            speech
                .say(&format!("{} new entries, all well; cosigned at {size}", mirrored.new_leaves));
        }
        Ok(_) => {}
        Err(error) => speech.warn(&format!("not cosigned: {error} [{}]", error.code())),
    });
    mirror::run(&options, Arc::new(OsClock), report, |address, key| {
        ready("mirror", address, &who.prefix, key, speech);
    })?;
    speech.say("ended in order: what it cosigned is remembered");
    Ok(Outcome::said())
}

fn about_listening(listen: SocketAddr, speech: Speech) {
    if !listen.ip().is_loopback() {
        speech.warn("it speaks plain HTTP: put a proxy with TLS in front of it");
    }
}

/// Says that it answers, and what the operator of a log writes into the file `cosigners` of the data folder.
fn ready(kind: &str, address: SocketAddr, prefix: &str, key: &VerifierKey, speech: Speech) {
    let url = format!("http://{address}{prefix}");
    let name = key.name();
    let line = if speech.machine() {
        let value: Value = json!({
            "type": format!("inkan-ledger-{kind}/1"), "event": "ready", "url": url, "key": key.to_string(),
        });
        format!("{value}\n")
    } else {
        format!("{name} answers at {url}\n")
    };
    output::print_now(&line);
    speech
        .say(&format!("for the log's policy, and for those of its readers: witness {name} {key}"));
    speech.say(&format!("for the file `cosigners` in its data folder: witness {name} {key} {url}"));
    speech.say("ctrl-c ends it in order");
}
