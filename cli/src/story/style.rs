//! The style of the page: one column on a phone, wider on a desk, light and dark, nothing that moves.

/// Rules of the page; those of the pictures are [`crate::render::svg::STYLE`].
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--page:#fff;--text:#1b1b1f;--soft:#5b5b66;--line:#d6d6de;--card:#f6f6f9;--held:#146c37;--broken:#b3261e;--unknown:#7a4f00;--accent:#1d4ed8}
@media(prefers-color-scheme:dark){:root{--page:#16161a;--text:#ececf1;--soft:#b4b4c2;--line:#3a3a44;--card:#1f1f25;--held:#6fd59a;--broken:#ff8a80;--unknown:#f0c060;--accent:#8fb4ff}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:752px;margin:0 auto;padding:20px 14px 32px}
h1{font-size:1.7rem;line-height:1.2;margin:.1rem 0 1rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;line-height:1.3;margin:2.2rem 0 .7rem}
h3{font-size:1rem;margin:0 0 .3rem}
p{margin:.2rem 0;overflow-wrap:anywhere}
a{color:var(--accent)}
bdi,code,dd,li{overflow-wrap:anywhere}
code{font-family:ui-monospace,monospace;font-size:.9em}
.over{color:var(--soft);margin:0}
.alert{border:2px solid var(--broken);border-radius:10px;padding:.7rem .9rem;margin:0 0 1rem;font-weight:600}
.verdict{border:1px solid var(--line);border-left-width:6px;border-radius:10px;background:var(--card);padding:.8rem 1rem}
.verdict h2{margin:0 0 .2rem;font-size:1.25rem;letter-spacing:.02em}
.verdict.accept{border-left-color:var(--held)}
.verdict.reject{border-left-color:var(--broken)}
.verdict.undetermined{border-left-color:var(--unknown)}
.accept h2,.tag.held{color:var(--held)}
.reject h2,.tag.broken{color:var(--broken)}
.undetermined h2,.tag.unknown{color:var(--unknown)}
.tag{font-weight:600;white-space:nowrap}
.tag.not-judged,.soft{color:var(--soft)}
.soft{font-size:.9rem}
.events{list-style:none;margin:0;padding:0 0 0 10px}
.events>li{border-left:2px solid var(--line);padding:0 0 1.1rem 16px;position:relative}
.events>li::before{content:'';position:absolute;left:-7px;top:.45rem;width:8px;height:8px;border-radius:50%;background:var(--page);border:2px solid var(--soft)}
.events>li.held::before{background:var(--held);border-color:var(--held)}
.events>li.broken::before{background:var(--broken);border-color:var(--broken);border-radius:0}
.events>li:last-child{padding-bottom:0}
.what{font-weight:500}
figure{margin:0;min-width:0;border:1px solid var(--line);border-radius:10px;padding:12px 10px;overflow:hidden}
figcaption{margin-bottom:8px}
.pictures{display:grid;gap:14px;grid-template-columns:minmax(0,1fr)}
.pic{display:block;margin:0 auto;max-width:100%;height:auto}
.desk{display:none}
dl{display:grid;grid-template-columns:minmax(0,7rem) minmax(0,1fr);gap:.25rem .8rem;margin:0}
dt{color:var(--soft)}
dd{margin:0;grid-column:2}
.checks{list-style:none;margin:0;padding:0}
.checks>li{padding:.35rem 0;border-top:1px solid var(--line)}
summary{cursor:pointer;font-weight:600;padding:.3rem 0}
footer{margin-top:2.2rem;border-top:1px solid var(--line);padding-top:1rem}
@media(min-width:781px){
main{padding:32px 0 48px}
.pictures{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
figure{padding:14px 6px}
figcaption{padding:0 10px}
figure.across{grid-column:1/-1}
figure.tall{grid-row:span 2}
.phone{display:none}
.desk{display:block}
}
@media print{:root{color-scheme:light}figure,.events>li{break-inside:avoid}}
";
