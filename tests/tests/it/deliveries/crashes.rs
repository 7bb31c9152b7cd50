//! The function is killed at every possible point.

use faults::trial::{EndState, Trial};
use faults::{Call, Fate, Moment, Service};

use super::{ComparableEvent, deliver_again, message, model, outcome, trial, varied_folder};

/// The position of the folder to restore in [`varied_folder`].
const TARGET: usize = 2;

/// Where the function is killed.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// At a call of a restore without faults.
    Call { service: Service, number: u32 },
    /// When the visibility timeout of a failed message is shortened.
    Redelivery,
}

impl Point {
    fn fate(self, call: &Call, moment: Moment) -> Fate {
        match self {
            Self::Call { service, number } if call.service == service && call.number == number => {
                Fate::Stop(moment)
            }
            Self::Redelivery if call.operation == "ChangeMessageVisibility" => Fate::Stop(moment),
            // The message fails during the restore.
            Self::Redelivery if call.operation == "SendMessageBatch" => Fate::Deny,
            _ => Fate::Forward,
        }
    }
}

/// Restores a folder without faults; returns the end state and the number of calls to each service.
async fn undisturbed(trial: &Trial) -> ((EndState, Vec<ComparableEvent>), [u32; 2]) {
    let packages = varied_folder();
    let dataset = trial.dataset(&packages).await.unwrap();
    trial.faults.begin(|_| Fate::Forward);
    assert_eq!(trial.invoke(&[message(&dataset, TARGET)]).await.unwrap(), Vec::<String>::new());
    let calls = [Service::Database, Service::Aws].map(|service| trial.faults.calls(service));
    (outcome(trial, &dataset, &packages).await, calls)
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_after_a_crash_at_any_point_ends_in_the_same_state() {
    let trial = trial("crashes").await;
    let (expected, [statements, requests]) = undisturbed(&trial).await;
    assert_eq!(expected, model::restored(&varied_folder(), TARGET));
    let of_service = |service, calls| (1..=calls).map(move |number| Point::Call { service, number });
    let points = of_service(Service::Database, statements).chain(of_service(Service::Aws, requests));
    let points: Vec<(Point, Moment)> = points
        .chain([Point::Redelivery])
        .flat_map(|point| [Moment::Before, Moment::After].map(|moment| (point, moment)))
        .collect();
    assert!(points.len() >= 40, "{}", points.len());

    println!("{:<7} {:<62} {:<22} END", "KILLED", "CALL", "LEFT BEHIND");
    let mut differences = Vec::new();
    for (point, moment) in points {
        let packages = varied_folder();
        let dataset = trial.dataset(&packages).await.unwrap();
        let before = trial.organization_storage().await.unwrap();
        let (sender, call) = std::sync::mpsc::channel();
        trial.faults.begin(move |call: &Call| {
            let fate = point.fate(call, moment);
            if matches!(fate, Fate::Stop(_)) {
                sender.send(call.operation.clone()).unwrap();
            }
            fate
        });
        trial.send(dataset.message(TARGET)).await.unwrap();
        let delivery = trial.receive().await.unwrap().unwrap();
        let was_killed = trial.invoke_and_kill(std::slice::from_ref(&delivery)).await.unwrap();
        let operation = call.try_recv().unwrap_or_default();
        trial.faults.begin(|_| Fate::Forward);
        let left = trial.end_state(&dataset, &packages).await.unwrap();
        trial.show(&delivery).await.unwrap();
        deliver_again(&trial).await;
        let end = outcome(&trial, &dataset, &packages).await;
        let counted = trial.organization_storage().await.unwrap() - before;
        let is_same = was_killed && end == expected && counted == expected.0.dataset_storage;
        let operation: String = operation.split_whitespace().collect::<Vec<_>>().join(" ");
        let (shown, left) = (operation.chars().take(60).collect::<String>(), summary(&left));
        let verdict = if is_same { "same" } else { "DIFFERENT" };
        println!("{:<7} {shown:<62} {left:<22} {verdict}", format!("{moment:?}"));
        if !is_same {
            differences.push(format!("{point:?} {moment:?}, killed: {was_killed}: {end:?}"));
        }
    }
    trial.end().await;
    assert!(differences.is_empty(), "expected {expected:?}, but:\n{}", differences.join("\n"));
}

/// Summarizes the state after a crash: how many packages are READY, how many markers and records exist.
fn summary(state: &EndState) -> String {
    let ready = state.packages.iter().filter(|package| package.state == "READY").count();
    let markers: usize = state.markers.values().sum();
    format!("{ready} READY, {markers} mk, {} rec", state.records.len())
}
