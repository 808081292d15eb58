//! Load on a ledger, and how its figures change as it grows (§10 of the ledger specification).
//!
//! `cargo bench -p inkan-tests --bench ledger_load -- COMMAND`: what there is, `help` says.

use std::path::PathBuf;

use inkan_tests::load::{figures, http_run, map_run, plot, rates, size_run};

const HELP: &str = "\
rates [--count N] [--only KIND] [--folder PATH] [--record]  durable appends of each kind beside R, with N entries in each round (20,000); what
                                           an entry costs where; acknowledgements at 70 % load and one at a time
http [--count N] [--record]                the same through /v1/batches of a node on loopback, and single entries
size [--to N] [--folder PATH] [--keep] [--record]
                                           a ledger growing through 10k, 100k, 1M … up to N leaves (1M): appends, receipts,
                                           proofs, resolving, memory, restarts; to 10000000 it takes half an hour and 30 GB
grow --folder LEDGER --to N                only grow a ledger, or go on with it; it is kept (with a file no-gateway in its folder
                                           it writes no files for gateways, 8 KB for each DID)
at --folder LEDGER [--record]              what `size` measures, of a ledger that is there, at the size that it has
map [--to N] [--folder PATH] [--record]    the map alone, growing through 10k, 100k, 1M … up to N keys (1M)
plot                                       draw docs/ledger-growth.svg from docs/ledger-figures.json

--record    put the figures into docs/ledger-figures.json";

fn main() {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} needs a value"));
        match argument.as_str() {
            "--to" => options.to = value().parse().expect("a number"),
            "--count" => options.count = value().parse().expect("a number"),
            "--only" => options.only = Some(value()),
            "--folder" => options.folder = Some(value().into()),
            "--keep" => options.keep = true,
            "--record" => options.record = true,
            // As a test: everything once, and small.
            "--test" => options.command = "help".to_owned(),
            command => options.command = command.to_owned(),
        }
    }
    match options.command.as_str() {
        "map" => map(&options),
        "size" => size(&options),
        // Started by `size`, and killed by it.
        "victim" => size_run::victim(&options.folder.unwrap_or_default(), options.to),
        "at" => {
            let row = size_run::at(&options.folder.expect("--folder"));
            if options.record {
                figures::put(&figures::path(), "growth", "size", &row);
            }
        }
        "grow" => size_run::grow(&options.folder.expect("--folder"), options.to),
        "http" => {
            for row in http_run::run(options.count) {
                if options.record {
                    figures::put(&figures::path(), "rates", "what", &row);
                }
            }
        }
        "plot" => draw(),
        "rates" => rates(&options),
        _ => println!("{HELP}"),
    }
}

struct Options {
    command: String,
    to: u64,
    count: u64,
    only: Option<String>,
    folder: Option<PathBuf>,
    record: bool,
    keep: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            command: String::new(),
            to: 1_000_000,
            count: 20_000,
            only: None,
            folder: None,
            record: false,
            keep: false,
        }
    }
}

impl Options {
    /// 10k, 100k, 1M … up to the greatest.
    fn sizes(&self) -> Vec<u64> {
        let mut sizes: Vec<_> =
            (4..12).map(|power| 10_u64.pow(power)).filter(|size| *size < self.to).collect();
        sizes.push(self.to);
        sizes
    }
}

fn map(options: &Options) {
    let scratch = tempfile::tempdir_in(options.folder.clone().unwrap_or_else(std::env::temp_dir))
        .expect("a folder");
    for row in map_run::run(&scratch.path().join("map.pages"), &options.sizes()) {
        if options.record {
            figures::put(&figures::path(), "map", "keys", &row);
        }
    }
}

fn rates(options: &Options) {
    let scratch = tempfile::tempdir_in(options.folder.clone().unwrap_or_else(std::env::temp_dir))
        .expect("a folder");
    for row in rates::run(scratch.path(), options.count, options.only.as_deref()) {
        if options.record {
            figures::put(&figures::path(), "rates", "what", &row);
        }
    }
}

fn size(options: &Options) {
    let mut scratch =
        tempfile::tempdir_in(options.folder.clone().unwrap_or_else(std::env::temp_dir))
            .expect("a folder");
    scratch.disable_cleanup(options.keep);
    println!("{}", scratch.path().display());
    size_run::run(scratch.path(), &options.sizes(), |row| {
        if options.record {
            figures::put(&figures::path(), "growth", "size", row);
        }
    });
}

fn draw() {
    let figures = figures::path();
    let picture = figures.with_file_name("ledger-growth.svg");
    std::fs::write(&picture, plot::svg(&figures::read(&figures))).expect("the picture is written");
    println!("{}", picture.display());
}
