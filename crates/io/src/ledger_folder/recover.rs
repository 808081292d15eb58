//! Opening a ledger for writing, after whatever happened (R2 to R9 of §3.4 of the ledger specification).
//!
//! In scope: what the disk must hold at least, what is healed, what stops. Out of scope: the lock (R1), asking cosigners
//! (R8, `newest`).

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use inkan_core::{Timestamp, tolerance};
use inkan_ledger::checkpoint::Checkpoint;
use inkan_ledger::leaf::LEAF_LIMIT;
use inkan_ledger::note::NOTE_LIMIT;
use inkan_ledger::parameters::{OperatorEvent, PARAMS_LIMIT};
use inkan_ledger::policy::{LogPolicy, POLICY_LIMIT};
use inkan_ledger::state::Machine;
use inkan_ledger::tree::TreeHead;
use inkan_ledger::tree::tiles::{TILE_HEIGHT, TILE_WIDTH, Tile};
use inkan_ledger::{Epoch, Leaf, LeafHash, LogError, SignedNote};

use super::OpenOptions;
use super::base::DiskBase;
use super::database::StoreFailed;
use super::edge::{self, Edge};
use super::engine::{Batch, Engine, Uncovered};
use super::error::LedgerFolderError;
use super::guard::Guard;
use super::ids::Run;
use super::journal::{self, Journal};
use super::layout::Layout;
use super::map_lane::MapLane;
use super::newest::Newest;
use super::public::Gateway;
use super::public_lane::PublicLane;
use super::seal::{IdFiles, Sealer};
use super::state_db::StateDb;
use crate::anchors::{self, AnchorsError};
use crate::cosigner::{Cosigner, Gathering, signed_head};
use crate::files;
use crate::map_store::{MapStore, MapStoreError};
use crate::note_key::{NoteSigner, Purpose};

/// Leaves that are stored at once when the state is made again.
const HEAL: u64 = 16_384;

/// A ledger that is open for writing.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) engine: Engine,
    pub(crate) sealer: Sealer,
    /// Whether the published note is missing, old, or without a quorum: R9.
    pub(crate) publish: bool,
    /// What came of R8.
    pub(crate) newest: Newest,
}

/// Opens everything; the lock is held.
pub(crate) fn open(
    layout: &Layout,
    options: &OpenOptions,
    local: &mut [Box<dyn Cosigner>],
    now: Timestamp,
) -> Result<Opened, LedgerFolderError> {
    let (policy_text, policy) = read_policy(layout)?;
    let origin = super::origin_of(layout, &policy)?.to_owned();
    drop(policy_text);
    let log_key = Arc::new(NoteSigner::read(&layout.log_key(), Purpose::Log)?);

    // R2.
    let guard = Guard::open(&layout.guard(), &origin)?;
    let signed = guard.head();
    let published = read_note(&layout.checkpoint())?;
    let unsigned = || LedgerFolderError::Malformed { path: layout.checkpoint() };
    // Bytes that the log did not sign say nothing about the guard: the file itself is what is wrong.
    let published =
        published.map(|note| signed_head(&note, policy.logs()).ok_or_else(unsigned)).transpose()?;
    let ahead = |head: TreeHead| {
        head.tree_size > signed.tree_size
            || (head.tree_size == signed.tree_size && head.root_hash != signed.root_hash)
    };
    if published.is_some_and(ahead) {
        return Err(LedgerFolderError::GuardBehind { path: layout.guard() });
    }

    // R3.
    if edge::root_on_disk(layout.root(), signed.tree_size)? != signed.root_hash {
        let path = edge::blame(layout.root(), signed.tree_size);
        return Err(LedgerFolderError::TileDamaged { path });
    }
    let edge = Edge::load(layout.root(), signed.tree_size)?;

    // R8, before anything is signed: R6 may go on with a checkpoint.
    let newest = Newest::ask(layout, &policy, local, &signed)?;
    let event = read_event(layout)?;
    if event.is_some() {
        newest.demand_answers(layout)?;
    }

    // R4.
    let (mut machine, sealer_db, ids) = open_state(layout, options, &origin, &signed)?;
    let gateway = || Gateway::new(layout.clone(), Arc::clone(&options.layer));
    let gateway = options.gateway.then(gateway);
    let public = gateway.clone().map_or(PublicLane::Off, PublicLane::Here);
    let mut sealer = Sealer {
        layout: layout.clone(),
        layer: Arc::clone(&options.layer),
        steps: options.steps.clone(),
        guard,
        db: sealer_db,
        log_key,
        gathering: Gathering::new(policy.clone()),
        policy,
        published: (0, false),
        ids,
        public,
    };
    heal(layout, &mut machine, &mut sealer, signed.tree_size)?;
    if machine.standing().root() != signed.root_hash {
        return Err(LedgerFolderError::LeavesDamaged(None));
    }
    sealer.public.resume(&sealer.db, signed.tree_size)?;

    // R7.
    let map = open_map(layout, &sealer.db, &machine)?;

    // R5, R6.
    let contents = journal::read(&layout.journal())?;
    let journal =
        Journal::open(Arc::clone(&options.layer), &layout.journal(), &contents, signed.tree_size)?;
    let mut engine = Engine {
        layout: layout.clone(),
        layer: Arc::clone(&options.layer),
        steps: options.steps.clone(),
        machine,
        journal,
        edge,
        map,
        uncovered: Uncovered { first: signed.tree_size, leaves: VecDeque::new() },
        batch: Batch::default(),
        events: VecDeque::new(),
        announcement: None,
        reserve: options.reserve,
        gateway,
        clock_unsure: false,
        kept: 0,
        map_stored: true,
        waiting: None,
        stopped: false,
    };
    if contents.first > signed.tree_size && contents.next() > contents.first {
        let path = layout.journal();
        return Err(LedgerFolderError::JournalDamaged { path, offset: 0 });
    }
    let skipped = usize::try_from(signed.tree_size.saturating_sub(contents.first));
    let fresh = contents.leaves.iter().skip(skipped.unwrap_or(usize::MAX));
    for leaf in fresh {
        replay(&mut engine, &mut sealer, leaf)?;
    }
    engine.journal.remove_below(engine.uncovered.first)?;
    accept_clock(&mut engine, options, now)?;
    if let Some(head) = event {
        let TreeHead { tree_size: size, root_hash: root } = head;
        engine.events.push_back(OperatorEvent::GuardAdopted { size, root });
    }

    // R9.
    let head = sealer.guard.head();
    let covered = sealer.db.newest_note()?.map_or(0, |(size, _)| size);
    let file = published.map_or(0, |head| head.tree_size);
    let publish = head.tree_size > 0 && (file < head.tree_size || covered < head.tree_size);
    Ok(Opened { engine, sealer, publish, newest })
}

/// §3.5: a clock far behind the last leaf stops the log, unless the operator says it is right.
fn accept_clock(
    engine: &mut Engine,
    options: &OpenOptions,
    now: Timestamp,
) -> Result<(), LedgerFolderError> {
    let last = engine.machine.standing().time();
    let behind = now.plus_seconds(tolerance::LEDGER_FUTURE) < last && now >= Timestamp::EPOCH;
    let path = engine.layout.clock_unsure();
    let jumped = files::read_optional(&path, NOTE_LIMIT)?.map(|step| {
        let step = std::str::from_utf8(&step).ok().and_then(|step| step.parse::<i64>().ok());
        step.unwrap_or(0).unsigned_abs()
    });
    if !options.accept_clock {
        engine.clock_unsure = jumped.is_some();
        return Ok(());
    }
    let step = if behind { Some(last.seconds().abs_diff(now.seconds())) } else { jumped };
    if let Some(step) = step {
        engine.machine.accept_clock();
        engine.events.push_back(OperatorEvent::ClockAccepted { step });
    }
    Ok(())
}

/// Opens `state.db` and the runs it names. What is damaged, or is of another log, is made again from nothing.
fn open_state(
    layout: &Layout,
    options: &OpenOptions,
    origin: &str,
    signed: &TreeHead,
) -> Result<(Machine<DiskBase>, StateDb, IdFiles), LedgerFolderError> {
    match try_state(layout, origin, signed) {
        Ok(Some(state)) => return Ok(state),
        Err(error @ LedgerFolderError::GuardBehind { .. }) => return Err(error),
        Err(LedgerFolderError::Database(error)) if !error.is_damaged() => return Err(error.into()),
        Ok(None) | Err(_) => {}
    }
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        files::remove(&layout.root().join(name))?;
    }
    let fresh = StateDb::open(&layout.state());
    drop(fresh?);
    super::database::sync_folder_of(&*options.layer, &layout.state())?;
    let lost = || LedgerFolderError::Malformed { path: layout.state() };
    try_state(layout, origin, signed)?.ok_or_else(lost)
}

/// The state as it was stored; `None` if it is not one of the tree on disk.
fn try_state(
    layout: &Layout,
    origin: &str,
    signed: &TreeHead,
) -> Result<Option<(Machine<DiskBase>, StateDb, IdFiles)>, LedgerFolderError> {
    let db = StateDb::open(&layout.state())?;
    if !db.is_sound()? {
        return Ok(None);
    }
    let standing = db.standing()?;
    if let Some(standing) = &standing {
        let size = standing.size();
        if size > signed.tree_size {
            return Err(LedgerFolderError::GuardBehind { path: layout.guard() });
        }
        if edge::root_on_disk(layout.root(), size)? != standing.root() {
            return Ok(None);
        }
    }
    let folder = layout.ids();
    let mut ids = IdFiles { next: 1, ..IdFiles::default() };
    for (number, count) in db.runs()? {
        let run = Run::open(&folder, number, true)?;
        if run.count() != count {
            return Ok(None);
        }
        ids.runs.push(Arc::new(run));
    }
    for name in files::list(&folder, ".run")? {
        let number: u64 = name.parse().unwrap_or(0);
        ids.next = ids.next.max(number.saturating_add(1));
        if !ids.runs.iter().any(|run| run.number() == number) {
            // A merge that no transaction took up, or that one made needless.
            files::remove(&Run::path(&folder, number))?;
        }
    }
    let size = standing.as_ref().map_or(0, inkan_ledger::state::Standing::size);
    let root = layout.root().to_path_buf();
    let reading = StateDb::open_reader(&layout.state())?;
    let base = DiskBase::new(root, reading, ids.runs.clone(), size)?;
    ids.recent = base.recent_count();
    let machine = match standing {
        Some(standing) => Machine::resume(origin, base, standing),
        None => {
            let document = genesis_document(layout, signed.tree_size)?;
            Machine::new(origin, &document, base)
                .map_err(|_| LedgerFolderError::Malformed { path: layout.params() })?
        }
    };
    Ok(Some((machine, db, ids)))
}

/// The parameters document that the genesis leaf names; of a log without leaves, the only one there is.
fn genesis_document(layout: &Layout, size: u64) -> Result<Vec<u8>, LedgerFolderError> {
    let folder = layout.params();
    let malformed = || LedgerFolderError::Malformed { path: folder.clone() };
    let journal_leaf = || {
        let contents = journal::read(&layout.journal()).ok()?;
        contents.leaves.into_iter().next().filter(|_| contents.first == 0)
    };
    let genesis = match size {
        0 => journal_leaf(),
        _ => Some(edge::read_entry(layout.root(), 0, size)?.to_vec()),
    };
    let name = match genesis {
        Some(bytes) => Leaf::parse(&bytes)
            .ok()
            .and_then(|leaf| Epoch::parse(leaf.body()).ok())
            .map(|epoch| epoch.params.to_hex())
            .ok_or(LedgerFolderError::LeavesDamaged(None))?,
        None => files::list(&folder, "")?.into_iter().next().ok_or_else(malformed)?,
    };
    let path = folder.join(&name);
    let document = files::read(&path, PARAMS_LIMIT)?;
    if inkan_core::sha256(&[&document]).to_hex() != name {
        return Err(LedgerFolderError::Malformed { path });
    }
    Ok(document)
}

/// R4: leaves that the tiles hold and the state does not know.
fn heal(
    layout: &Layout,
    machine: &mut Machine<DiskBase>,
    sealer: &mut Sealer,
    size: u64,
) -> Result<(), LedgerFolderError> {
    while machine.size() < size {
        let end = machine.size().saturating_add(HEAL).min(size);
        while machine.size() < end {
            let place = machine.size();
            let tile = Tile::holding(0, place, size).ok_or(LedgerFolderError::NoSuchPlace)?;
            let skipped = usize::try_from(place % u64::from(TILE_WIDTH)).unwrap_or(0);
            let entries = edge::read_bundle(layout.root(), &tile)?;
            for entry in entries.iter().skip(skipped) {
                machine
                    .replay(entry)
                    .map_err(|error| LedgerFolderError::LeavesDamaged(Some(error)))?;
            }
            debug_assert!(machine.size() > place && place >> TILE_HEIGHT == tile.index());
        }
        let changes = machine.take_changes();
        let index = sealer.store(&changes, false)?;
        machine.base_mut().stored(&changes, index);
        machine.settle();
    }
    Ok(())
}

/// R7.
fn open_map(
    layout: &Layout,
    db: &StateDb,
    machine: &Machine<DiskBase>,
) -> Result<MapLane, LedgerFolderError> {
    let size = machine.size();
    let (version, expected) = match machine.standing().epoch() {
        None => (0, inkan_ledger::map::empty_root()),
        Some(index) => {
            let leaf = edge::read_entry(layout.root(), index, size)?;
            let epoch = Leaf::parse(&leaf).ok().and_then(|leaf| Epoch::parse(leaf.body()).ok());
            let mismatch = LogError::EpochMismatch { leaf_index: index };
            (index, epoch.ok_or(LedgerFolderError::LeavesDamaged(Some(mismatch)))?.map)
        }
    };
    let heads = |from: u64| {
        let heads = if from == 0 {
            db.heads(version).map(|heads| heads.into_iter().collect())
        } else {
            db.changes_since(from, version)
        };
        let failed = |error: StoreFailed| MapStoreError::Unavailable(error.to_string());
        match heads {
            Ok(heads) => heads.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(failed(error))],
        }
    };
    if expected == inkan_ledger::map::empty_root() {
        // Nothing to catch up with, whatever lies there.
        let mut roots = layout.map().into_os_string();
        roots.push(".roots");
        files::remove(Path::new(&roots))?;
        files::remove(&layout.map())?;
        let mut store = MapStore::open(&layout.map())?;
        store.apply(version, &[])?;
        return Ok(MapLane::Here(Box::new(store)));
    }
    let (store, _) = MapStore::recover(&layout.map(), version, &expected, heads)?;
    Ok(MapLane::Here(Box::new(store)))
}

/// R5: one leaf of the journal; R6: and the checkpoint it ends, if it is an epoch leaf.
fn replay(engine: &mut Engine, sealer: &mut Sealer, bytes: &[u8]) -> Result<(), LedgerFolderError> {
    let damaged = |error| LedgerFolderError::LeavesDamaged(Some(error));
    debug_assert!(bytes.len() <= LEAF_LIMIT);
    let is_epoch = Leaf::parse(bytes).is_ok_and(|leaf| leaf.kind() == inkan_ledger::Kind::Epoch);
    if is_epoch {
        let version = engine.machine.size();
        let stated = Leaf::parse(bytes).ok().and_then(|leaf| Epoch::parse(leaf.body()).ok());
        engine.map_stored = false;
        let state = engine.map.keep(version)?;
        if stated.map(|epoch| (epoch.map, epoch.keys)) != Some((state.root, state.keys)) {
            return Err(damaged(LogError::EpochMismatch { leaf_index: version }));
        }
    }
    let placed = engine.machine.replay(bytes).map_err(damaged)?;
    let leaf: Arc<[u8]> = Arc::from(bytes);
    engine.grow(&leaf, LeafHash::of(bytes))?;
    engine.map.apply(engine.machine.size(), placed.head.into_iter().collect())?;
    if is_epoch {
        let job = engine.seal_here()?;
        let sealed = sealer.seal(&job)?;
        engine.sealed(&job, sealed.index, job.head.tree_size)?;
    }
    Ok(())
}

/// Reads the policy, without which there is no ledger.
pub(crate) fn read_policy(layout: &Layout) -> Result<(String, LogPolicy), LedgerFolderError> {
    let path = layout.policy();
    if layout.is_older() {
        return Err(LedgerFolderError::OlderLayout { path: layout.root().to_path_buf() });
    }
    let Some(text) = files::read_optional(&path, POLICY_LIMIT)? else {
        return Err(LedgerFolderError::NotFound { path: layout.root().to_path_buf() });
    };
    let malformed = || LedgerFolderError::Malformed { path: path.clone() };
    let text = String::from_utf8(text).map_err(|_| malformed())?;
    let policy = LogPolicy::parse(&text).map_err(|_| malformed())?;
    // Certificates of timestamp authorities lie beside the file that says where to ask them.
    let anchors = anchors::read(&layout.anchors()).map_err(|error| match error {
        AnchorsError::File(error) => LedgerFolderError::File(error),
        AnchorsError::Malformed { path } => LedgerFolderError::Malformed { path },
    })?;
    Ok((text, policy.checking_tokens(Arc::new(anchors))))
}

/// Reads a note, if it is there.
pub(crate) fn read_note(path: &Path) -> Result<Option<SignedNote>, LedgerFolderError> {
    let Some(bytes) = files::read_optional(path, NOTE_LIMIT)? else { return Ok(None) };
    std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| SignedNote::parse(text).ok())
        .map(Some)
        .ok_or_else(|| LedgerFolderError::Malformed { path: path.to_path_buf() })
}

/// A guard that was adopted and whose event is in no epoch leaf yet.
pub(crate) fn read_event(layout: &Layout) -> Result<Option<TreeHead>, LedgerFolderError> {
    let path = layout.guard_event();
    let Some(bytes) = files::read_optional(&path, NOTE_LIMIT)? else { return Ok(None) };
    std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| Checkpoint::parse_text(text).ok())
        .map(|checkpoint| Some(checkpoint.head()))
        .ok_or(LedgerFolderError::Malformed { path })
}
