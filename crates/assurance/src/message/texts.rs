//! The texts themselves.

/// Findings of evidence and assurance.
pub(super) const OURS: &[(&str, &str, &str)] = &[
    (
        "presenter-not-shown",
        "Nobody presented the credential: the level is the subject's.",
        "提示者は示されていない。レベルは対象者のものである。",
    ),
    (
        "evidence-malformed",
        "Proofing evidence does not have the closed shape.",
        "本人確認の証跡が定められた形をしていない。",
    ),
    (
        "evidence-unsigned",
        "The proofer is not the party that signed the evidence.",
        "本人確認を行った者と証跡に署名した者が異なる。",
    ),
    (
        "evidence-proof-failed",
        "An original proof does not have the digest that the evidence states.",
        "原証明のハッシュ値が証跡の記載と一致しない。",
    ),
    (
        "subject-mismatch",
        "The evidence is about another holder.",
        "証跡は別の保有者についてのものである。",
    ),
    (
        "level-claim-ignored",
        "A level is claimed, and was read by nothing.",
        "レベルが主張されているが、判定には使われない。",
    ),
    (
        "proofer-unknown",
        "No registry names the proofer.",
        "本人確認を行った者がどの登録簿にも載っていない。",
    ),
    (
        "proofer-row-not-authorised",
        "The proofer may not state this row.",
        "本人確認を行った者にこの区分を述べる権限がない。",
    ),
    (
        "proofer-not-valid-at-time",
        "The proofer was not authorised then, or was revoked for cause.",
        "本人確認の時点で権限がなかったか、理由により取り消されている。",
    ),
    (
        "anchor-not-authorised",
        "The proofer is no root of identity for this credential type.",
        "この種類のクレデンシャルの根となる発行者として登録されていない。",
    ),
    (
        "registry-not-current",
        "The registry snapshot is past its end of validity.",
        "登録簿の有効期限が切れている。",
    ),
    ("proofing-time-in-future", "The proofing lies in the future.", "本人確認の日時が未来である。"),
    (
        "proofing-time-inconsistent",
        "The times of the proofing contradict each other.",
        "本人確認の日時が互いに矛盾している。",
    ),
    (
        "document-expired",
        "The document had expired at the proofing.",
        "本人確認の時点で書類の有効期限が切れていた。",
    ),
    (
        "document-type-unknown",
        "The catalogue does not know the document, its issuer, or its use at that time.",
        "書類の種類、発行者または使用時期がカタログにない。",
    ),
    (
        "check-not-passed",
        "A check is listed that did not pass.",
        "合格していない確認が記載されている。",
    ),
    (
        "check-method-not-accepted",
        "The method of a check gives nothing on this document.",
        "この書類に対してこの確認方法は効力がない。",
    ),
    (
        "document-without-portrait",
        "A face was compared with a document that has no portrait.",
        "顔写真のない書類と顔を照合している。",
    ),
    (
        "presence-not-shown",
        "In person only by name: no check shows it.",
        "対面とされているが、それを示す確認がない。",
    ),
    (
        "ownership-not-shown",
        "Nothing shows that the person owns the document.",
        "書類の持ち主本人であることが示されていない。",
    ),
    (
        "agent-not-qualified",
        "The check in person was not made by qualified staff.",
        "対面の確認を行った者に資格がない。",
    ),
    (
        "liveness-missing",
        "The face was not taken live.",
        "顔画像がその場で撮影されたことが示されていない。",
    ),
    (
        "pad-missing",
        "Presentation attacks were not detected.",
        "なりすまし提示の検知が行われていない。",
    ),
    (
        "injection-control-missing",
        "Injected media were not detected.",
        "差し込まれた映像の検知が行われていない。",
    ),
    (
        "stage-condition-not-met",
        "The check in person before the hand-over is not shown.",
        "引き渡し前の対面確認が示されていない。",
    ),
    (
        "proofing-too-old",
        "The proofing is older than its level allows.",
        "本人確認がそのレベルに許される期間より古い。",
    ),
    (
        "derivation-not-authenticated",
        "The holder was not authenticated well enough when the evidence was derived.",
        "派生時の保有者の認証が十分でない。",
    ),
    (
        "derivation-invalid",
        "The chain of derivations does not end at a proofing.",
        "派生の連鎖が元の本人確認にたどり着かない。",
    ),
    (
        "derivation-above-source",
        "What was derived would reach more than what it comes from.",
        "派生したものが元のものより高いレベルになる。",
    ),
    (
        "evidence-not-distinct",
        "Documents that should be combined are not distinct.",
        "組み合わせる書類が別々のものでない。",
    ),
    (
        "disputed-level",
        "The level is disputed, and counts as the next lower one.",
        "このレベルは議論があり、一つ下のレベルとして数える。",
    ),
    (
        "basis-too-low",
        "The policy asks for a stronger basis.",
        "ポリシーがより強い根拠を求めている。",
    ),
    (
        "timestamp-missing",
        "No timestamp token covers the evidence.",
        "証跡に対するタイムスタンプがない。",
    ),
    (
        "row-not-admitted",
        "The policy does not admit this row, identifier or party.",
        "ポリシーがこの区分、識別子または当事者を認めていない。",
    ),
    (
        "document-not-chip-verified",
        "The policy asks for a document whose chip was verified.",
        "ポリシーがICチップで確認した書類を求めている。",
    ),
    (
        "register-check-missing",
        "No base register has confirmed the claims.",
        "基本台帳による確認がない。",
    ),
    (
        "register-check-mismatch",
        "A base register says that claims are not what it holds.",
        "クレームが基本台帳の記録と一致しない。",
    ),
    (
        "register-check-invalid",
        "The statement of a base register does not hold: form, signature, audience, time, or another credential.",
        "基本台帳の確認書が有効でない(形式・署名・宛先・時刻・対象の証明書)。",
    ),
    (
        "register-check-not-authorised",
        "The party that confirms is no base register that a registry authorises.",
        "確認した者が、登録された基本台帳ではない。",
    ),
    (
        "jpki-policy-unknown",
        "The certificate's policy is not one that is configured.",
        "証明書ポリシーが設定されたものではない。",
    ),
    (
        "jpki-policy-not-signature",
        "The certificate is not one for signatures.",
        "署名用の証明書ではない。",
    ),
    (
        "jpki-revoked",
        "The certificate or document was revoked.",
        "証明書または書類が失効している。",
    ),
    (
        "jpki-revocation-undetermined",
        "Whether the certificate was revoked is not known from a party that may ask.",
        "照会できる者による失効確認の結果がない。",
    ),
    (
        "jpki-path-invalid",
        "The certificate leads to no configured root, as of the time that is judged.",
        "証明書から設定されたルートまでの経路が、判定時点で有効でない。",
    ),
    (
        "revocation-response-invalid",
        "What is at hand about revocation does not answer the question.",
        "失効情報が、この証明書・この時点についての答えになっていない。",
    ),
    (
        "cms-invalid",
        "The card's signature is not one over the statement.",
        "カードの署名が、この文に対する署名として検証できない。",
    ),
    (
        "timestamp-invalid",
        "The timestamp over a signature does not hold.",
        "署名に対するタイムスタンプが検証できない。",
    ),
    (
        "statement-type-invalid",
        "What the card signed is not a statement of the type and purpose that is asked for.",
        "カードが署名した文が、求められた種類・目的のものではない。",
    ),
    (
        "statement-nonce-invalid",
        "The nonce of the statement is not a fresh one of whom it names.",
        "文のノンスが、その宛先が発行した未使用のものではない。",
    ),
    (
        "statement-did-mismatch",
        "The statement is about another holder.",
        "文が別の保有者についてのものである。",
    ),
    (
        "did-countersignature-missing",
        "The DID key did not sign the statement.",
        "DID の鍵が文に署名していない。",
    ),
    (
        "registry-answer-invalid",
        "The registry's answer is about another party, or is not signed by a key of the registry.",
        "レジストリの回答が別の者についてのものか、レジストリの鍵で署名されていない。",
    ),
    (
        "holder-key-mismatch",
        "The presenter's key is not the key of the credential's subject.",
        "提示者の鍵がクレデンシャルの対象者の鍵と異なる。",
    ),
    (
        "holder-not-linked",
        "The credentials are not shown to belong to one holder.",
        "複数のクレデンシャルが同一の保有者のものと示されていない。",
    ),
    (
        "claims-inconsistent",
        "Claims that must be equal differ between the credentials.",
        "一致すべき項目がクレデンシャル間で異なる。",
    ),
    (
        "composite-weakest-link",
        "The weakest of the credentials asked for decides.",
        "求められたクレデンシャルのうち最も弱いもので決まる。",
    ),
    (
        "claim-missing",
        "A claim that the policy asks for is in no credential.",
        "ポリシーが求める項目がどのクレデンシャルにもない。",
    ),
    (
        "holder-proof-missing",
        "Nobody proved possession of the holder's key.",
        "保有者の鍵の所持が証明されていない。",
    ),
    (
        "nonce-invalid",
        "The presentation is judged again, and is not live.",
        "提示は再度の判定であり、その場のものではない。",
    ),
    (
        "presentation-stale",
        "The authentication is older than the policy allows.",
        "認証がポリシーの許す時間より古い。",
    ),
    (
        "nonce-kept-by-caller",
        "The caller keeps the nonce, and must ensure that it is used once.",
        "ナンスは呼び出し側が管理しており、一度だけの使用も呼び出し側が保証する。",
    ),
    (
        "user-verification-unattested",
        "No attestation shows a second factor.",
        "第二の要素を示す証明がない。",
    ),
    (
        "attestation-untrusted",
        "Nobody who is trusted vouches for the authenticator or the key.",
        "認証器または鍵を保証する信頼できる者がいない。",
    ),
    (
        "authenticator-counter",
        "The authenticator's counter did not go up: its key may exist twice.",
        "認証器のカウンタが増えていない。鍵が複製された可能性がある。",
    ),
    (
        "metadata-not-current",
        "The metadata on models of authenticators should have been replaced by now.",
        "認証器の機種情報は既に更新されているべきものである。",
    ),
    (
        "webauthn-assertion-invalid",
        "The authenticator's answer does not hold: page, relying party, flags, credential or signature.",
        "認証器の応答が成り立たない（ページ、検証者、フラグ、資格情報または署名）。",
    ),
    (
        "webauthn-challenge-mismatch",
        "The authenticator answered for another presentation or another request.",
        "認証器の応答が別の提示または別の要求に対するものである。",
    ),
    (
        "key-attestation-invalid",
        "The key attestation does not hold: signature, end of validity, status, or another key.",
        "鍵の証明が成り立たない（署名、有効期限、状態、または別の鍵）。",
    ),
    (
        "key-attestation-type",
        "The token is no key attestation.",
        "そのトークンは鍵の証明ではない。",
    ),
    (
        "key-statement-invalid",
        "The issuer's key statement is about another key or other times, or stands outside the signature.",
        "発行者による鍵の言明が別の鍵や別の時刻に関するものか、署名の外にある。",
    ),
    (
        "key-statement-not-authorised",
        "The issuer may make no key statements.",
        "発行者には鍵の言明を行う権限がない。",
    ),
    (
        "operator-not-authorised",
        "The party that states the authentication is no operator that a registry authorises.",
        "認証を述べた者は登録簿が認める運用者ではない。",
    ),
    (
        "authentication-event-invalid",
        "The authentication event is malformed, or its signature does not hold.",
        "認証イベントの形式が不正か、署名が成り立たない。",
    ),
    (
        "authentication-event-not-bound",
        "The authentication event is for another verifier, request, holder or time, or was used before.",
        "認証イベントが別の検証者、要求、保有者または時刻のものであるか、既に使われている。",
    ),
    (
        "factor-not-accepted",
        "A factor did not pass, is not known, or is not one that the operator may state.",
        "要素が合格していないか、未知か、運用者が述べてよいものではない。",
    ),
    (
        "factors-not-distinct",
        "Two factors are of one kind, may not stand together, or are too far apart.",
        "二つの要素が同種か、併用できないか、時間が離れすぎている。",
    ),
    (
        "operator-level-not-authorised",
        "The operator may not state this level.",
        "運用者はこのレベルを述べることができない。",
    ),
    (
        "session-bound-only",
        "The authentication event is bound to a session, and not to the holder of a credential.",
        "認証イベントはセッションに結び付くだけで、証明書の保有者には結び付いていない。",
    ),
    (
        "authenticator-not-bound",
        "The authenticator belongs to somebody else.",
        "認証器が別の者のものである。",
    ),
    (
        "authenticator-status-bad",
        "The authenticator's model is known to be bad.",
        "認証器の機種に問題が知られている。",
    ),
    (
        "authenticator-not-certified",
        "The authenticator is not certified as the level needs.",
        "認証器がこのレベルに必要な認定を受けていない。",
    ),
    (
        "key-not-hardware-bound",
        "The key does not lie in protected hardware.",
        "鍵が保護されたハードウェアにない。",
    ),
    ("key-exportable", "The key can leave its authenticator.", "鍵が認証器の外に出られる。"),
    (
        "phishing-resistance-missing",
        "The authentication is not bound to the verifier's name.",
        "認証が検証者の名前に結び付いていない。",
    ),
    (
        "intent-missing",
        "Nothing shows that the holder meant this authentication.",
        "保有者がこの認証を意図したことが示されていない。",
    ),
    (
        "hosted-activation-weak",
        "What released the hosted key is weaker than the key.",
        "ホスト鍵を有効にした認証が鍵より弱い。",
    ),
    (
        "method-not-accepted",
        "The policy does not accept this way to authenticate.",
        "ポリシーがこの認証方法を認めていない。",
    ),
    (
        "policy-not-in-effect",
        "The policy is not in effect at that time.",
        "その時点でポリシーは有効でない。",
    ),
    (
        "ial-below-requirement",
        "The identity assurance level is below what the policy asks.",
        "身元確認レベルがポリシーの求めるものより低い。",
    ),
    (
        "aal-below-requirement",
        "The authentication assurance level is below what the policy asks.",
        "当人認証レベルがポリシーの求めるものより低い。",
    ),
    (
        "evaluation-incomplete",
        "A check that decides could not be made.",
        "判定に必要な確認ができなかった。",
    ),
    (
        "mapping-unverified",
        "The framework's scale is mapped by this project's reading only.",
        "この枠組みとの対応付けは本プロジェクトの読みにすぎない。",
    ),
    (
        "issuer-not-trusted",
        "The issuer is not trusted for this credential type.",
        "この種類のクレデンシャルについて発行者が信頼されていない。",
    ),
    (
        "issuer-not-judged",
        "Whether the issuer may say this was not judged.",
        "発行者の適格性は判定していない。",
    ),
    (
        "credential-type-not-admitted",
        "The policy asks for another credential type.",
        "ポリシーは別の種類のクレデンシャルを求めている。",
    ),
    (
        "credential-missing",
        "The presentation holds no credential.",
        "提示にクレデンシャルが含まれていない。",
    ),
    (
        "receipt-missing",
        "No receipt shows that the artefact is recorded.",
        "台帳に記録されたことを示す受領証がない。",
    ),
    (
        "time-grade-too-low",
        "The time of the record rests on fewer independent witnesses than needed.",
        "記録の日時を裏付ける独立した証人が足りない。",
    ),
    (
        "time-grade-unavailable",
        "The policy asks for the grade of a public chain, which no receipt can show to this verifier.",
        "ポリシーが求める公開チェーンの等級は、この検証者では確かめられない。",
    ),
    (
        "quorum-not-met",
        "The policy names witnesses that have not cosigned.",
        "ポリシーが指定する証人の連署が確認できない。",
    ),
    (
        "status-not-named",
        "The credential names no status list.",
        "クレデンシャルが失効リストを示していない。",
    ),
    (
        "stale",
        "The newest status at hand is older than the policy allows.",
        "手元の最新の失効情報がポリシーの許す期間より古い。",
    ),
    (
        "proofs-too-few",
        "Fewer parties than the policy asks for say what the credential says.",
        "証明書の内容を証明する者の数がポリシーの求める数に足りない。",
    ),
    (
        "proof-not-checked",
        "A proof that the policy counts on could not be checked.",
        "ポリシーが求める証明の一つを検証できない。",
    ),
    (
        "countersignature-missing",
        "A countersignature that the policy asks for is not there.",
        "ポリシーが求める副署がない。",
    ),
    (
        "countersignature-refused",
        "The party that should countersign has refused.",
        "副署すべき者が拒否した。",
    ),
    (
        "countersignature-withdrawn",
        "The acceptance is not shown to be the newest state of its act: it was withdrawn, or its newest state is not at hand.",
        "承諾がその副署の最新の状態であることが示されていない。撤回されたか、最新の状態が手元にない。",
    ),
    (
        "act-state-not-shown",
        "Nothing shows that the countersigner has not acted again since.",
        "副署がその後変更されていないことが示されていない。",
    ),
    (
        "countersignature-after-seal",
        "A countersignature that is asked for came after the seal, or is not shown to have come before it.",
        "求められた副署が封印の後に加えられたか、封印より前であることが示されていない。",
    ),
    (
        "countersignature-late",
        "A countersignature that is asked for was recorded after the deadline.",
        "求められた副署が期限の後に記録された。",
    ),
    (
        "countersignature-time-unknown",
        "Nothing shows whether the countersignature was recorded before the deadline.",
        "副署が期限までに記録されたかどうかが示されていない。",
    ),
    (
        "countersigner-unknown",
        "Whether somebody who signed counts cannot be told: the key or the signature could not be judged.",
        "署名した者を数えてよいか判断できない。鍵または署名を確認できなかった。",
    ),
    (
        "countersignature-out-of-order",
        "A countersignature neither covers the one that it should follow, nor is recorded later.",
        "副署が、先に必要な副署を含んでおらず、それより後の記録もない。",
    ),
    (
        "countersigners-not-distinct",
        "There are countersignatures enough, and too few distinct signers.",
        "副署の数は足りるが、異なる署名者の数が足りない。",
    ),
    (
        "seal-by-stranger",
        "Somebody has sealed it who may not: that changes nothing.",
        "封印する資格のない者による封印であり、何の効果もない。",
    ),
    (
        "withdrawn-after-seal",
        "An acceptance was taken back after the seal: it stands, and the withdrawal is shown.",
        "封印の後に承諾が撤回された。承諾は有効のままで、撤回は表示される。",
    ),
    (
        "added-after-seal",
        "A countersignature came after the seal: it is not part of what was agreed.",
        "封印の後に加えられた副署であり、合意の内容には含まれない。",
    ),
];

/// Reasons of the verifier; their English is the verifier's own.
pub(super) const VERIFIER: &[(&str, &str, &str)] = &[
    ("did-unresolved", "", "DIDの鍵を知る手がかりがない。"),
    ("issuer-log-invalid", "", "DIDのログが自己証明に失敗した。"),
    ("issuer-not-resolvable", "", "発行者を示すDIDを解決できない。"),
    ("credential-proof-invalid", "", "発行者の証明が検証できない。署名後に変更されている。"),
    ("issuer-not-controller", "", "署名した鍵は発行者のものではない。"),
    ("verification-method-unknown", "", "DIDドキュメントのどの版にもこの用途の鍵がない。"),
    ("key-not-in-force", "", "署名が記録された時点でこの鍵は有効でなかった。"),
    ("receipt-needed", "", "鍵は更新されており、それ以前の署名であることを示す受領証がない。"),
    ("did-history-incomplete", "", "DIDの版が欠けている可能性がある。"),
    ("signer-did-deactivated", "", "署名者のDIDは廃止されている。"),
    ("unknown-log", "", "この検証者の知らない台帳である。"),
    ("not-home", "", "DIDの記録は別の台帳にある。"),
    ("receipt-unrelated", "", "受領証に対応するものが手元にない。"),
    ("credential-not-yet-valid", "", "有効期間がまだ始まっていない。"),
    ("credential-expired", "", "有効期間が過ぎている。"),
    ("credential-revoked", "", "発行者により失効されている。"),
    ("credential-suspended", "", "発行者により一時停止されている。"),
    ("status-list-missing", "", "失効リストが手元にない。"),
    (
        "newer-state-known",
        "",
        "より新しい状態を以前に確認しているが、手元の資料には示されていない。",
    ),
    ("status-list-invalid", "", "失効リストが使えない。"),
    ("schema-missing", "", "スキーマが手元にない。"),
    ("schema-mismatch", "", "クレデンシャルがスキーマに適合しない。"),
    ("countersignature-invalid", "", "副署がこのクレデンシャルに対して検証できない。"),
    ("co-issuer-missing", "", "発行者自身が必要とした共同発行者の署名がない。"),
    ("act-superseded", "", "この副署が最新の状態であることが示されていない。"),
    ("suite-unknown", "", "知らない暗号スイートの証明である。"),
    ("jsonld-context-unknown", "", "JSON-LD のコンテキストが手元になく、署名の対象が定まらない。"),
    ("verification-work-limit", "", "検証に必要な計算量が上限を超える。"),
    (
        "issuer-name-unproved",
        "",
        "発行者の URL と署名した DID が同一であることを示す資料が手元にない。",
    ),
    ("issuer-name-mismatch", "", "発行者の URL と署名した DID が同一の発行者ではない。"),
    (
        "credential-audience-mismatch",
        "",
        "クレデンシャルは特定の宛先に発行されており、この検証者がその宛先であることが示されていない。",
    ),
    (
        "holder-not-shown",
        "",
        "提示者が保有者であるかが、開示された内容から分からない（開示されていない項目があるか、https の URL について DID で提示されたなど、提示者とは種類の異なる識別子を指している）。",
    ),
    ("signature-not-in-time", "", "署名自身の日付により、判断の時点では効力がない。"),
    ("presentation-proof-invalid", "", "提示の証明が検証できない。"),
    ("presentation-hash-mismatch", "", "保有者が署名した開示と、実際に提示された開示が異なる。"),
    ("audience-mismatch", "", "提示は別の宛先に向けられている。"),
];
