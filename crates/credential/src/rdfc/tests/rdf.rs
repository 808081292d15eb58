//! JSON-LD 1.1 to RDF: one test per case of the W3C test suite.

use super::suite::to_rdf as run;

super::suite::cases! {
    run:
    t0001 t0002 t0003 t0004 t0005 t0006 t0007 t0008 t0009 t0010 t0011 t0012 t0013 t0014 t0015
    t0016 t0017 t0018 t0019 t0020 t0022 t0023 t0024 t0025 t0026 t0027 t0028 t0029 t0030 t0031
    t0032 t0033 t0034 t0035 t0036 t0113 t0114 t0115 t0116 t0117 t0119 t0120 t0121 t0122 t0123
    t0124 t0125 t0126 t0127 t0128 t0129 t0130 t0131 t0132 t0133 tc001 tc002 tc003 tc004 tc005
    tc006 tc007 tc008 tc009 tc010 tc011 tc012 tc013 tc014 tc015 tc016 tc017 tc018 tc019 tc020
    tc021 tc022 tc023 tc024 tc025 tc026 tc027 tc028 tc030 tc031 tc032 tc033 tc034 tc035 tc036
    tc037 tc038 tdi01 tdi02 tdi03 tdi04 tdi05 tdi06 tdi07 tdi08 te001 te002 te003 te004 te005
    te006 te007 te008 te009 te010 te011 te012 te013 te015 te016 te017 te018 te019 te020 te021
    te022 te023 te024 te025 te027 te028 te029 te030 te031 te032 te033 te034 te035 te036 te037
    te039 te040 te041 te042 te043 te044 te045 te046 te047 te048 te049 te050 te051 te052 te053
    te054 te055 te056 te057 te058 te059 te060 te061 te062 te063 te064 te065 te066 te067 te068
    te069 te070 te072 te073 te074 te076 te078 te079 te080 te081 te082 te083 te084 te085 te086
    te087 te088 te089 te090 te091 te092 te093 te094 te095 te096 te097 te098 te099 te100 te101
    te102 te103 te104 te105 te106 te107 te108 te109 te110 te111 te112 te113 te114 te117 te118
    te119 te120 te121 te122 te123 te124 te125 te126 te127 te128 te129 te130 tec01 tec02 tem01
    ten01 ten02 ten03 ten04 ten05 ten06 tep03 ter01 ter04 ter05 ter06 ter07 ter08 ter09 ter10
    ter11 ter12 ter13 ter14 ter15 ter17 ter18 ter19 ter20 ter22 ter23 ter25 ter26 ter27 ter28
    ter29 ter30 ter31 ter33 ter34 ter35 ter36 ter37 ter38 ter39 ter40 ter41 ter43 ter44 ter48
    ter49 ter50 ter51 ter52 ter53 ter54 ter55 ter56 tin01 tin02 tin03 tin04 tin05 tin06 tin07
    tin08 tin09 tjs01 tjs02 tjs03 tjs04 tjs05 tjs06 tjs07 tjs08 tjs09 tjs10 tjs11 tjs12 tjs13
    tjs14 tjs15 tjs16 tjs17 tjs18 tjs19 tjs20 tjs21 tjs22 tjs23 tli01 tli02 tli03 tli04 tli05
    tli06 tli07 tli08 tli09 tli10 tli11 tli12 tli13 tli14 tm001 tm002 tm003 tm004 tm005 tm006
    tm007 tm008 tm009 tm010 tm011 tm012 tm013 tm014 tm015 tm016 tm017 tm018 tm019 tm020 tn001
    tn002 tn003 tn004 tn005 tn006 tn007 tn008 tnt01 tnt02 tnt03 tnt04 tnt05 tnt06 tnt07 tnt08
    tnt09 tnt10 tnt11 tnt12 tnt13 tnt14 tnt15 tnt16 tp001 tp002 tp003 tp004 tpi02 tpi03 tpi04
    tpi05 tpi06 tpi07 tpi08 tpi09 tpi10 tpi11 tpr01 tpr02 tpr03 tpr04 tpr05 tpr06 tpr08 tpr09
    tpr10 tpr11 tpr12 tpr13 tpr14 tpr15 tpr16 tpr17 tpr18 tpr19 tpr20 tpr21 tpr22 tpr23 tpr24
    tpr25 tpr26 tpr27 tpr28 tpr29 tpr30 tpr31 tpr32 tpr33 tpr34 tpr35 tpr36 tpr37 tpr38 tpr39
    tpr40 tpr41 tpr42 tpr43 trt01 tso02 tso03 tso05 tso06 tso07 tso08 tso09 tso10 tso11 tso12
    tso13 ttn02 twf01 twf02 twf03 twf04 twf05 twf07
}

/// Cases that are not run, and why.
const SKIPPED: &[(&str, &[&str])] = &[
    (
        "JSON-LD 1.0, which VCDM 2.0 does not use",
        &[
            "t0118", "tc029", "te014", "te026", "te038", "te071", "te075", "te115", "te116",
            "tep02", "ter02", "ter03", "ter21", "ter24", "ter32", "ter42", "tpi01", "tso01",
            "ttn01",
        ],
    ),
    ("rdfDirection, an option here only of what is signed", &["tdi09", "tdi10", "tdi11", "tdi12"]),
    ("expandContext, an option that no credential suite has", &["te077"]),
];

#[test]
fn every_case_is_run_or_skipped_by_name() {
    super::suite::check_names("toRdf", NAMES, SKIPPED);
}
