//! Calls fail in every way in which a network and AWS can fail.

use std::collections::BTreeMap;
use std::time::Duration;

use faults::{Call, Fate, Moment, Service};

use super::{deliver, model, outcome, trial, varied_folder};

const TARGET: usize = 2;
const OPERATIONS: [&str; 6] = [
    "BatchGetItem",
    "ListObjectVersions",
    "DeleteObjects",
    "DeleteObject",
    "SendMessageBatch",
    "TransactWriteItems",
];
const REDELIVERY: &str = "ChangeMessageVisibility";
const DELAY: Duration = Duration::from_millis(200);

/// A fault at the first calls of an operation, or at a statement.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Aws {
        operation: &'static str,
        calls: u32,
        fate: Fate,
    },
    /// The message fails, and shortening its visibility timeout fails too.
    Redelivery {
        fate: Fate,
    },
    Database {
        number: u32,
        fate: Fate,
    },
}

impl Fault {
    fn all(statements: u32) -> Vec<Self> {
        let cuts = [Fate::Cut(Moment::Before), Fate::Cut(Moment::After)];
        let fates = [Fate::Throttle, Fate::Unavailable, Fate::Partly, Fate::Delay(DELAY)];
        let of_operation = |operation| {
            let once = cuts.into_iter().chain(fates).map(move |fate| Self::Aws { operation, calls: 1, fate });
            // More often than the SDK retries.
            once.chain([Self::Aws { operation, calls: 5, fate: Fate::Throttle }])
        };
        let of_statement = |number| cuts.map(|fate| Self::Database { number, fate });
        let redeliveries =
            cuts.into_iter().chain(fates).chain([Fate::Deny]).map(|fate| Self::Redelivery { fate });
        let of_statements = (1..=statements).flat_map(of_statement);
        OPERATIONS.into_iter().flat_map(of_operation).chain(redeliveries).chain(of_statements).collect()
    }

    fn fate(self, call: &Call) -> Fate {
        match self {
            Self::Aws { operation, calls, fate }
                if call.operation == operation && call.number_of_operation <= calls =>
            {
                fate
            }
            Self::Redelivery { fate } if call.operation == REDELIVERY => fate,
            Self::Redelivery { .. } if call.operation == "BatchGetItem" && call.number_of_operation == 1 => {
                Fate::Deny
            }
            Self::Database { number, fate } if call.service == Service::Database && call.number == number => {
                fate
            }
            _ => Fate::Forward,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_succeeds_despite_any_fault_within_the_receives_of_the_queue() {
    let trial = trial("faults").await;
    let packages = varied_folder();
    let expected = model::restored(&packages, TARGET);
    let dataset = trial.dataset(&packages).await.unwrap();
    deliver(&trial, dataset.message(TARGET)).await;
    let statements = trial.faults.calls(Service::Database);
    trial.take_changelog().await.unwrap();

    let faults = Fault::all(statements);
    let mut deliveries = BTreeMap::new();
    for fault in &faults {
        let dataset = trial.dataset(&packages).await.unwrap();
        let (sender, count) = std::sync::mpsc::channel();
        let fault = *fault;
        trial.faults.begin(move |call| {
            let fate = fault.fate(call);
            if fate != Fate::Forward {
                sender.send(()).unwrap();
            }
            fate
        });
        let receives = deliver(&trial, dataset.message(TARGET)).await;
        *deliveries.entry(receives).or_insert(0) += 1;
        assert!(count.try_iter().count() > 0, "{fault:?} was not met");
        assert_eq!(outcome(&trial, &dataset, &packages).await, expected, "{fault:?}");
    }
    trial.end().await;
    println!("{} faults survived, by the receives that it took: {deliveries:?}", faults.len());
    assert!(faults.len() >= 65, "{}", faults.len());
}
