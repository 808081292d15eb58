//! What is the newest of its kind, as a node or its files prove it, and all that came before.

use inkan_ledger::{ActId, CurrentProof, MapKey, Receipt, verify_current, verify_current_under};
use serde_json::Value;

use super::super::{TrustQuestion, scid_of};
use super::shared::Shared;
use super::{JSON, NodeView};
use crate::node_client::{NodeError, query_value};
use inkan_core::json;
use inkan_ledger::entry::OnceId;

impl NodeView {
    /// All versions of a DID; the last is the newest by the map, so none is left out at the end, and the hash chain of
    /// the entries shows any that is left out before.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn did_entries(&self, scid: &str) -> Result<Vec<Receipt>, NodeError> {
        let path = format!("/v1/dids/{}/entries?at={}", query_value(scid), self.size());
        self.entries(&path, &MapKey::did(scid), &self.did_current(scid)?)
    }

    /// All heads of a status list; as [`Self::did_entries`].
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn status_entries(&self, issuer: &str, uri: &str) -> Result<Vec<Receipt>, NodeError> {
        let (iss, list) = (query_value(issuer), query_value(uri));
        let path = format!("/v1/status/entries?iss={iss}&uri={list}&at={}", self.size());
        let key = MapKey::status(scid_of(issuer), uri);
        self.entries(&path, &key, &self.status_current(issuer, uri)?)
    }

    /// Proves which version of a DID is the newest, or that it is not registered.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn did_current(&self, scid: &str) -> Result<CurrentProof, NodeError> {
        let path = format!("/v1/dids/{}/current?at={}", query_value(scid), self.size());
        self.current(&path, &MapKey::did(scid))
    }

    /// Proves which state of an act is the newest, or that there is none.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn act_current(&self, signer: &str, act: &ActId) -> Result<CurrentProof, NodeError> {
        // Who only knows the SCID may say so: nodes read no more of the DID than that.
        let host = self.shared.origin.split('/').next().unwrap_or_default();
        let scid = scid_of(signer);
        let iss = query_value(&format!("did:webvh:{scid}:{host}"));
        let name = act.to_b64u();
        let path = format!("/v1/acts/current?iss={iss}&act={name}&at={}", self.size());
        self.current(&path, &MapKey::act(scid, act))
    }

    /// Proves which head of a status list is the newest, or that there is none.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn status_current(&self, issuer: &str, uri: &str) -> Result<CurrentProof, NodeError> {
        let (iss, list) = (query_value(issuer), query_value(uri));
        let path = format!("/v1/status/current?iss={iss}&uri={list}&at={}", self.size());
        self.current(&path, &MapKey::status(scid_of(issuer), uri))
    }

    /// Proves what an authority stated last of somebody, or that it stated nothing.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn trust_current(&self, about: &TrustQuestion) -> Result<CurrentProof, NodeError> {
        let name = about.statement.name();
        let [authority, entity, action, resource] =
            [&about.authority, &about.entity_id, &about.action, &about.resource]
                .map(|text| query_value(text));
        let path = format!(
            "/v1/trust/current?iss={authority}&type={name}&entityId={entity}&action={action}&resource={resource}&at={}",
            self.size()
        );
        self.current(&path, &about.key())
    }

    /// Proves whether a one-time use was made.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn once_current(&self, scope: &str, id: &OnceId) -> Result<CurrentProof, NodeError> {
        let (of, name) = (query_value(scope), id.to_b64u());
        let path = format!("/v1/once/current?scope={of}&id={name}&at={}", self.size());
        self.current(&path, &MapKey::once(scope, id))
    }

    fn current(&self, path: &str, key: &MapKey) -> Result<CurrentProof, NodeError> {
        let proof = match self.get(path, JSON) {
            Err(NodeError::OnlyFiles { .. }) => self.current_from_files(key)?,
            answer => {
                let value = answer?.ok_or_else(|| self.odd(path, "no proof"))?;
                CurrentProof::from_value(&value).map_err(|error| self.shared.unproved(error))?
            }
        };
        let Shared { policy, now, origin, .. } = &*self.shared;
        let verified = if proof.epoch().note() == self.checkpoint.note() {
            verify_current_under(&proof, key, &self.checkpoint)
        } else {
            verify_current(&proof, key, policy, *now)
        };
        let verified = verified.map_err(|error| self.shared.unproved(error))?;
        let epoch = verified.epoch();
        if epoch.origin() != origin || epoch.tree_size() != self.size() {
            return Err(self.odd(path, "a proof of another checkpoint"));
        }
        self.same_tree(epoch.checkpoint())?;
        Ok(proof)
    }

    /// The entries of one id, whose newest `current` proves.
    fn entries(
        &self,
        path: &str,
        key: &MapKey,
        current: &CurrentProof,
    ) -> Result<Vec<Receipt>, NodeError> {
        let Some(head) = current.claimed_head() else { return Ok(Vec::new()) };
        let value = match self.get(path, JSON) {
            Err(NodeError::OnlyFiles { .. }) => return self.entries_from_files(key),
            answer => answer?.ok_or_else(|| self.odd(path, "entries are missing"))?,
        };
        if json::text(&value, "type") != Some("inkan-entries/1") {
            return Err(self.odd(path, "type is not inkan-entries/1"));
        }
        let checkpoints: Vec<String> =
            json::text(&value, "checkpoint").map(str::to_owned).into_iter().collect();
        let listed = value.get("receipts").and_then(Value::as_array);
        let mut receipts = Vec::new();
        let mut before = None;
        for value in listed.into_iter().flatten() {
            let receipt = Receipt::from_bundle_value(value, &checkpoints)
                .map_err(|error| self.shared.unproved(error))?;
            let index = self.verified(&receipt, path)?.leaf_index();
            if before.is_some_and(|before| index <= before) {
                return Err(self.odd(path, "entries are not in the order of the log"));
            }
            before = Some(index);
            receipts.push(receipt);
        }
        match receipts.last() {
            Some(last) if last.leaf_bytes() == head.to_bytes() => Ok(receipts),
            _ => Err(self.odd(path, "the newest entry is left out")),
        }
    }
}
