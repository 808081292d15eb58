use inkan_evidence::{AuthLevel, Row};

use super::{AuthenticationLevel, Framework, Ial, IdentityLevel};

use Framework::{Eidas20151502 as EIDAS, JpSwg2022 as JP, Nist800634 as NIST};

#[test]
fn names_are_read_on_their_own_scale_and_the_lowest_is_asked_for_by_nobody() {
    for framework in Framework::ALL {
        for (rank, name) in framework.identity_scale().iter().enumerate() {
            let read = framework.parse_identity(name);
            assert_eq!(read.map(IdentityLevel::rank), (rank > 0).then_some(rank), "{name}");
            let level = framework.identity(rank);
            assert_eq!((level.as_str(), level.framework(), level.rank()), (*name, framework, rank));
            let others = Framework::ALL.into_iter().filter(|other| *other != framework);
            for other in others {
                assert!(other.parse_identity(name).is_none(), "{name}");
                assert!(!level.satisfies(IdentityLevel::none(other)), "{name}");
            }
        }
        assert_eq!(IdentityLevel::none(framework).rank(), 0);
        assert!(framework.parse_identity("").is_none());
    }
    assert_eq!(JP.as_str(), "jp-swg-2022");
    assert_eq!(NIST.as_str(), "nist-800-63-4");
    assert_eq!(EIDAS.as_str(), "eidas-2015-1502");
}

#[test]
fn what_a_policy_may_ask_of_a_login() {
    let read = |framework: Framework| -> Vec<&'static str> {
        let names = framework.authentication_scale().iter();
        names.filter(|name| framework.parse_authentication(name).is_some()).copied().collect()
    };
    assert_eq!(read(JP), ["AAL-0", "AAL-1", "AAL-2", "AAL-3"]);
    assert_eq!(read(EIDAS), read(JP));
    assert_eq!(read(NIST), ["AAL1", "AAL2", "AAL3"]);
    assert!(
        JP.parse_authentication("AAL2").is_none() && NIST.parse_authentication("AAL-2").is_none()
    );
    assert_eq!(NIST.parse_authentication("AAL2").unwrap().as_str(), "AAL2");
    assert_eq!(JP.parse_authentication("AAL-3").unwrap().as_str(), "AAL-3");
}

#[test]
fn a_login_on_every_scale() {
    let table = [
        (AuthLevel::Aal0, "AAL-0", "none"),
        (AuthLevel::Aal1, "AAL-1", "AAL1"),
        (AuthLevel::Aal1Plus, "AAL-1+", "AAL1"),
        (AuthLevel::Aal2, "AAL-2", "AAL2"),
        (AuthLevel::Aal3, "AAL-3", "AAL2"),
    ];
    for (level, jp, nist) in table {
        assert_eq!(AuthenticationLevel::of(JP, level).as_str(), jp);
        assert_eq!(AuthenticationLevel::of(EIDAS, level).as_str(), jp);
        assert_eq!(AuthenticationLevel::of(NIST, level).as_str(), nist);
    }
    let least =
        |framework: Framework, name: &str| framework.parse_authentication(name).unwrap().least();
    assert_eq!(least(JP, "AAL-0"), Some(AuthLevel::Aal0));
    assert_eq!(least(JP, "AAL-1"), Some(AuthLevel::Aal1));
    assert_eq!(least(JP, "AAL-3"), Some(AuthLevel::Aal3));
    assert_eq!(least(NIST, "AAL1"), Some(AuthLevel::Aal1));
    assert_eq!(least(NIST, "AAL2"), Some(AuthLevel::Aal2));
    assert_eq!(least(NIST, "AAL3"), None, "no fact shows it");
}

#[test]
fn a_level_satisfies_itself_and_what_is_below_on_its_own_scale() {
    let aal = |framework, level| AuthenticationLevel::of(framework, level);
    assert!(aal(JP, AuthLevel::Aal2).satisfies(aal(JP, AuthLevel::Aal2)));
    assert!(aal(JP, AuthLevel::Aal2).satisfies(aal(JP, AuthLevel::Aal1)));
    assert!(!aal(JP, AuthLevel::Aal1).satisfies(aal(JP, AuthLevel::Aal2)));
    assert!(!aal(JP, AuthLevel::Aal3).satisfies(aal(EIDAS, AuthLevel::Aal1)));
    let ial = |level| IdentityLevel::jp(level);
    assert!(ial(Ial::Ial2).satisfies(ial(Ial::Ial2)) && ial(Ial::Ial3).satisfies(ial(Ial::Ial2)));
    assert!(!ial(Ial::Ial2).satisfies(ial(Ial::Ial2Plus)));
}

#[test]
fn the_reference_scale_by_name_number_and_step() {
    let table = [
        (Ial::Ial0, "IAL-0", "0", Ial::Ial0, Ial::Ial0, false),
        (Ial::Ial1, "IAL-1", "1", Ial::Ial1, Ial::Ial0, false),
        (Ial::Ial2, "IAL-2", "2", Ial::Ial2, Ial::Ial1, false),
        (Ial::Ial2Plus, "IAL-2+", "2+", Ial::Ial2, Ial::Ial2, true),
        (Ial::Ial3, "IAL-3", "3", Ial::Ial3, Ial::Ial2, false),
        (Ial::Ial3Plus, "IAL-3+", "3+", Ial::Ial3, Ial::Ial3, true),
    ];
    for (rank, (level, name, number, floor, dropped, disputed)) in table.into_iter().enumerate() {
        assert_eq!((level.as_str(), level.to_string()), (name, name.to_owned()));
        assert_eq!((Ial::parse(name), Ial::parse(number)), (Some(level), Some(level)));
        assert_eq!(
            (level.floor(), level.dropped(), level.is_disputed()),
            (floor, dropped, disputed)
        );
        let level_on_scale = IdentityLevel::jp(level);
        assert_eq!((level_on_scale.rank(), level_on_scale.as_jp()), (rank, Some(level)));
    }
    assert_eq!((Ial::parse("IAL-9"), Ial::parse("")), (None, None));
    assert_eq!(NIST.identity(2).as_jp(), None);
    assert_eq!(JP.identity(9).as_jp(), None);
    assert_eq!(JP.identity(9).as_str(), "none");
    assert_eq!((Ial::of_row(Row::R1), Ial::of_row(Row::R8)), (Ial::Ial3Plus, Ial::Ial1));
}
