use inkan_core::sha256;
use serde_json::json;

use super::*;

const PRINCIPAL: &str = "did:example:principal";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_strict(text).unwrap()
}

fn claim() -> Value {
    json!({
        "principal": PRINCIPAL, "acts": ["countersign"], "forRoles": ["holder", "witness"],
        "credentialTypes": ["Lease", "Loan"], "issuers": ["did:example:bank"], "mayDelegate": 3,
    })
}

fn link(number: u8, before: Option<&Power>) -> Power {
    let mut grant = Grant::from_value(&claim()).unwrap();
    grant.under = before.map(|before| before.digest);
    grant.may_delegate = before.map_or(3, |before| before.grant.may_delegate.saturating_sub(1));
    Power {
        issuer: before.map_or(PRINCIPAL.to_owned(), |before| before.agent.clone()),
        agent: format!("did:example:agent-{number}"),
        grant,
        valid_from: at("2026-01-01T00:00:00Z"),
        valid_until: at("2027-01-01T00:00:00Z"),
        digest: sha256(&[&[number]]),
    }
}

fn chain(count: u8) -> Vec<Power> {
    let mut links: Vec<Power> = Vec::new();
    for number in 0..count {
        links.push(link(number, links.last()));
    }
    links
}

fn code(links: Vec<Power>) -> &'static str {
    Chain::of(links).map_or_else(|error| error.code(), |_| "a chain")
}

#[test]
fn what_is_written_is_read() {
    let mut under = claim();
    under["under"] = sha256(&[b"before"]).to_b64u().into();
    let mut without = claim();
    without.as_object_mut().unwrap().remove("issuers");
    for claim in [claim(), under, without] {
        assert_eq!(Grant::from_value(&claim).unwrap().to_value(), claim);
    }
}

#[test]
fn what_is_not_said_gives_nothing() {
    let mut bare = claim();
    bare.as_object_mut().unwrap().remove("mayDelegate");
    assert_eq!(Grant::from_value(&bare).unwrap().may_delegate, 0);
}

#[test]
fn what_cannot_be_read_is_refused_and_never_passed_over() {
    let wrong = [
        ("principal", json!("nobody")),
        ("principal", json!("did:example:a#key")),
        ("principal", Value::Null),
        ("acts", json!([])),
        ("acts", json!(["everything"])),
        ("acts", json!(["countersign", "countersign"])),
        ("forRoles", json!(["delegate"])),
        ("forRoles", json!(["friend"])),
        ("forRoles", json!("holder")),
        ("credentialTypes", json!([])),
        ("credentialTypes", json!(["a b"])),
        ("issuers", json!([])),
        ("issuers", json!(null)),
        ("mayDelegate", json!(-1)),
        ("mayDelegate", json!("1")),
        ("mayDelegate", json!(1.5)),
        ("under", json!("x")),
        ("under", json!(null)),
        ("butNot", json!(["did:example:bank"])),
    ];
    for (member, value) in wrong {
        let mut claim = claim();
        claim[member] = value.clone();
        let error = Grant::from_value(&claim).expect_err(member);
        assert_eq!(error.code(), "delegation-malformed", "{member}: {value}");
    }
    for member in ["principal", "acts", "forRoles", "credentialTypes"] {
        let mut claim = claim();
        claim.as_object_mut().unwrap().remove(member);
        assert_eq!(Grant::from_value(&claim), Err(DelegationError::Malformed { member }));
    }
}

#[test]
fn four_links_are_a_chain_and_five_are_none() {
    for count in 1..=4 {
        let chain = Chain::of(chain(count)).unwrap();
        assert_eq!(chain.principal(), PRINCIPAL);
        assert_eq!(chain.agent(), format!("did:example:agent-{}", count - 1));
        assert_eq!(chain.parties().count(), usize::from(count) + 1);
    }
    assert_eq!(code(vec![]), "delegation-broken");
    let mut five = chain(5);
    five[0].grant.may_delegate = 9;
    (1..5).for_each(|place| five[place].grant.may_delegate = 8 - u32::try_from(place).unwrap());
    assert_eq!(code(five), "delegation-broken");
}

#[test]
fn links_that_do_not_follow_from_each_other_are_no_chain() {
    let swap = |change: &dyn Fn(&mut Vec<Power>)| {
        let mut links = chain(3);
        change(&mut links);
        code(links)
    };
    assert_eq!(swap(&|_| ()), "a chain");
    type Change<'a> = &'a dyn Fn(&mut Vec<Power>);
    let changes: [Change<'_>; 9] = [
        &|links| links.swap(1, 2),
        &|links| links.reverse(),
        &|links| drop(links.remove(0)),
        &|links| drop(links.remove(1)),
        &|links| links[1].digest = sha256(&[b"another"]),
        &|links| links[1].issuer = "did:example:stranger".to_owned(),
        &|links| links[0].issuer = "did:example:stranger".to_owned(),
        &|links| links[2].grant.principal = "did:example:stranger".to_owned(),
        // Back to the first agent, and to the principal.
        &|links| links[2].agent = links[0].agent.clone(),
    ];
    for (number, change) in changes.iter().enumerate() {
        assert_eq!(swap(change), "delegation-broken", "change {number}");
    }
    assert_eq!(swap(&|links| links[2].agent = PRINCIPAL.to_owned()), "delegation-broken");
}

#[test]
fn a_link_gives_no_more_than_its_issuer_has() {
    let wider = |change: &dyn Fn(&mut Power)| {
        let mut links = chain(2);
        change(&mut links[1]);
        Chain::of(links).map(drop)
    };
    let member = |member| Err(DelegationError::Widened { link: 2, member });
    assert_eq!(wider(&|link| link.grant.may_delegate = 3), member("mayDelegate"));
    let notary = |link: &mut Power| {
        link.grant.for_roles.insert(Role::Notary);
    };
    assert_eq!(wider(&notary), member("forRoles"));
    let deed = |link: &mut Power| {
        link.grant.credential_types.insert("Deed".to_owned());
    };
    assert_eq!(wider(&deed), member("credentialTypes"));
    assert_eq!(wider(&|link| link.grant.issuers = None), member("issuers"));
    let other = |link: &mut Power| {
        link.grant.issuers = Some(BTreeSet::from(["did:example:other".to_owned()]));
    };
    assert_eq!(wider(&other), member("issuers"));
    let early = |link: &mut Power| link.valid_from = at("2025-12-31T23:59:59Z");
    assert_eq!(wider(&early), member("validFrom"));
    let late = |link: &mut Power| link.valid_until = at("2027-01-01T00:00:01Z");
    assert_eq!(wider(&late), member("validUntil"));
    // What may not be passed on is not passed on, also where nothing is said of depth.
    let mut links = chain(2);
    links[0].grant.may_delegate = 0;
    assert_eq!(Chain::of(links).map(drop), member("mayDelegate"));
    // Narrower is no widening.
    let narrow = |link: &mut Power| {
        link.grant.may_delegate = 0;
        link.grant.credential_types.remove("Loan");
        link.valid_until = at("2026-02-01T00:00:00Z");
    };
    assert_eq!(wider(&narrow), Ok(()));
}
