//! JSON-LD 1.1 expansion: one test per case of the W3C test suite.

use super::suite::expand as run;

super::suite::cases! {
    run:
    t0001 t0002 t0003 t0004 t0005 t0006 t0007 t0008 t0009 t0010 t0011 t0012 t0013 t0014 t0015
    t0016 t0017 t0018 t0019 t0020 t0021 t0022 t0023 t0024 t0025 t0027 t0028 t0029 t0030 t0031
    t0032 t0033 t0034 t0035 t0036 t0037 t0039 t0040 t0041 t0042 t0043 t0044 t0045 t0046 t0047
    t0048 t0049 t0050 t0051 t0052 t0053 t0054 t0055 t0056 t0057 t0058 t0059 t0060 t0061 t0062
    t0063 t0064 t0065 t0066 t0067 t0068 t0069 t0070 t0072 t0073 t0074 t0076 t0078 t0079 t0080
    t0081 t0082 t0083 t0084 t0085 t0086 t0087 t0088 t0089 t0090 t0091 t0092 t0093 t0094 t0095
    t0096 t0097 t0098 t0099 t0100 t0101 t0102 t0103 t0104 t0105 t0106 t0107 t0108 t0109 t0110
    t0111 t0112 t0113 t0114 t0117 t0118 t0119 t0120 t0121 t0122 t0123 t0124 t0125 t0126 t0127
    t0128 t0129 t0130 t0131 tc001 tc002 tc003 tc004 tc005 tc006 tc007 tc008 tc009 tc010 tc011
    tc012 tc013 tc014 tc015 tc016 tc017 tc018 tc019 tc020 tc021 tc022 tc023 tc024 tc025 tc026
    tc027 tc028 tc030 tc031 tc032 tc033 tc034 tc035 tc036 tc037 tc038 tdi01 tdi02 tdi03 tdi04
    tdi05 tdi06 tdi07 tdi08 tdi09 tec01 tec02 tem01 ten01 ten02 ten03 ten04 ten05 ten06 tep03
    ter01 ter04 ter05 ter06 ter07 ter08 ter09 ter10 ter11 ter12 ter13 ter14 ter15 ter17 ter18
    ter19 ter20 ter22 ter23 ter25 ter26 ter27 ter28 ter29 ter30 ter31 ter33 ter34 ter35 ter36
    ter37 ter38 ter39 ter40 ter41 ter43 ter44 ter48 ter49 ter50 ter51 ter52 ter53 ter54 ter55
    ter56 tes02 tin01 tin02 tin03 tin04 tin05 tin06 tin07 tin08 tin09 tjs01 tjs02 tjs03 tjs04
    tjs05 tjs06 tjs07 tjs08 tjs09 tjs10 tjs11 tjs12 tjs13 tjs14 tjs15 tjs16 tjs17 tjs18 tjs19
    tjs20 tjs21 tjs22 tjs23 tl001 tli01 tli02 tli03 tli04 tli05 tli06 tli07 tli08 tli09 tli10
    tm001 tm002 tm003 tm004 tm005 tm006 tm007 tm008 tm009 tm010 tm011 tm012 tm013 tm014 tm015
    tm016 tm017 tm018 tm019 tm020 tn001 tn002 tn003 tn004 tn005 tn006 tn007 tn008 tp001 tp002
    tp003 tp004 tpi02 tpi03 tpi04 tpi05 tpi06 tpi07 tpi08 tpi09 tpi10 tpi11 tpr01 tpr02 tpr03
    tpr04 tpr05 tpr06 tpr08 tpr09 tpr10 tpr11 tpr12 tpr13 tpr14 tpr15 tpr16 tpr17 tpr18 tpr19
    tpr20 tpr21 tpr22 tpr23 tpr24 tpr25 tpr26 tpr27 tpr28 tpr29 tpr30 tpr31 tpr32 tpr33 tpr34
    tpr35 tpr36 tpr37 tpr38 tpr39 tpr40 tpr41 tpr42 tpr43 tso02 tso03 tso05 tso06 tso07 tso08
    tso09 tso10 tso11 tso12 tso13 ttn02
}

/// Cases that are not run, and why.
const SKIPPED: &[(&str, &[&str])] = &[
    (
        "JSON-LD 1.0, which VCDM 2.0 does not use",
        &[
            "t0026", "t0038", "t0071", "t0075", "t0115", "t0116", "tc029", "tep02", "ter02",
            "ter03", "ter21", "ter24", "ter32", "ter42", "tes01", "tpi01", "tso01", "ttn01",
        ],
    ),
    ("expandContext, an option that no credential suite has", &["t0077"]),
];

#[test]
fn every_case_is_run_or_skipped_by_name() {
    super::suite::check_names("expand", NAMES, SKIPPED);
}
