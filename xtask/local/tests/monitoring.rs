//! Tests alarms and metrics with a real AWS emulator.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::path::Path;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::Credentials;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, Metric as MetricName, MetricDataQuery, MetricStat, StateValue, Statistic,
};
use chrono::Utc;
use cloudwatch::{Metric, Metrics};
use local_stack::emulator::{Emulator, REGION};
use local_stack::monitoring::{AlarmStatus, Monitoring};
use machine::directory::{Data, StateDirectory};
use machine::python::MINISTACK;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_mins(1);

struct Test {
    emulator: Emulator,
    client: Client,
    sqs: aws_sdk_sqs::Client,
    metrics: Metrics,
    alarms: watch::Receiver<Vec<AlarmStatus>>,
    _stop: oneshot::Sender<()>,
}

impl Test {
    async fn start(directory: &StateDirectory) -> Self {
        let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools");
        let installation = MINISTACK.install(directory, &tools).await.unwrap();
        let emulator = Emulator::start(directory, &installation, None, Data::Fresh).await.unwrap();
        let configuration = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(Region::new(REGION))
            .endpoint_url(emulator.endpoint_url())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .load()
            .await;
        let client = Client::new(&configuration);
        let metrics = Metrics::default();
        let monitoring = Monitoring::new(&client, &emulator.endpoint_url(), metrics.clone()).unwrap();
        let alarms = monitoring.alarms();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(monitoring.run(async move { drop(stopped.await) }));
        let sqs = aws_sdk_sqs::Client::new(&configuration);
        Self { emulator, client, sqs, metrics, alarms, _stop: stop }
    }

    /// Waits until an alarm has a state.
    async fn wait_for(&mut self, name: &str, state: &str) {
        let has_state =
            |alarms: &Vec<AlarmStatus>| alarms.iter().any(|alarm| alarm.name == name && alarm.state == state);
        timeout(LIMIT, self.alarms.wait_for(has_state)).await.unwrap().unwrap();
    }

    fn record(&self, api: &str, name: &str, value: f64) {
        let metric = Metric::new("AWS/ApiGateway", name, [("ApiId", api)]);
        self.metrics.record(&metric, "Count", value, Utc::now().timestamp());
    }
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

fn stat(namespace: &str, name: &str, dimension: Dimension, stat: &str) -> MetricStat {
    let metric = MetricName::builder().namespace(namespace).metric_name(name).dimensions(dimension).build();
    MetricStat::builder().metric(metric).period(60).stat(stat).build()
}

fn query(id: &str, name: &str) -> MetricDataQuery {
    let stat = stat("AWS/ApiGateway", name, dimension("ApiId", "mine"), "Sum");
    MetricDataQuery::builder().id(id).metric_stat(stat).return_data(false).build()
}

#[tokio::test]
async fn alarms_have_the_states_of_their_own_metrics() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let mut test = Test::start(&directory).await;
    let alarm = || {
        let request = test.client.put_metric_alarm().threshold(5.0).evaluation_periods(1);
        let request = request.comparison_operator(ComparisonOperator::GreaterThanThreshold);
        request.treat_missing_data("notBreaching")
    };
    let simple = alarm().alarm_name("requests").namespace("AWS/ApiGateway").metric_name("Count").period(60);
    let simple = simple.statistic(Statistic::Sum).dimensions(dimension("ApiId", "mine"));
    simple.send().await.unwrap();
    let rate = MetricDataQuery::builder().id("rate").expression("100 * errors / requests").build();
    let queries = vec![query("errors", "5xx"), query("requests", "Count"), rate];
    alarm().alarm_name("errors").set_metrics(Some(queries)).send().await.unwrap();
    let composite = test.client.put_composite_alarm().alarm_name("any");
    composite.alarm_rule("ALARM(requests) OR ALARM(errors)").send().await.unwrap();

    test.record("other", "Count", 100.0);
    test.record("mine", "Count", 1.0);
    for name in ["requests", "errors", "any"] {
        test.wait_for(name, "OK").await;
    }
    test.record("mine", "5xx", 1.0);
    test.wait_for("errors", "ALARM").await;
    test.wait_for("any", "ALARM").await;
    test.wait_for("requests", "OK").await;

    let described = test.client.describe_alarms().alarm_names("errors").send().await.unwrap();
    let described = &described.metric_alarms()[0];
    assert_eq!(described.state_value(), Some(&StateValue::Alarm));
    assert!(described.state_reason().unwrap().contains("[100] was greater than"), "{described:?}");
    assert_eq!(described.metrics()[2].expression(), Some("100 * errors / requests"));
    assert_eq!(described.treat_missing_data(), Some("notBreaching"));
    test.emulator.stop().await;
}

#[tokio::test]
async fn clients_read_the_metrics_of_queues_and_functions() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let mut test = Test::start(&directory).await;
    let url = test.sqs.create_queue().queue_name("restore").send().await.unwrap().queue_url.unwrap();
    for body in ["a", "b"] {
        test.sqs.send_message().queue_url(&url).message_body(body).send().await.unwrap();
    }
    for value in [10.0, 20.0, 20.0] {
        test.record("mine", "Latency", value);
    }
    let alarm = test.client.put_metric_alarm().alarm_name("waiting").namespace("AWS/SQS").period(60);
    let alarm = alarm.metric_name("ApproximateNumberOfMessagesVisible").statistic(Statistic::Maximum);
    let alarm = alarm.dimensions(dimension("QueueName", "restore")).threshold(1.0).evaluation_periods(1);
    alarm.comparison_operator(ComparisonOperator::GreaterThanThreshold).send().await.unwrap();
    test.wait_for("waiting", "ALARM").await;

    let now = Utc::now().timestamp();
    let latency = |id: &str, name| {
        let stat = stat("AWS/ApiGateway", "Latency", dimension("ApiId", "mine"), name);
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    };
    let visible =
        stat("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimension("QueueName", "restore"), "Maximum");
    let response = test
        .client
        .get_metric_data()
        .metric_data_queries(latency("sum", "Sum"))
        .metric_data_queries(latency("p99", "p99"))
        .metric_data_queries(MetricDataQuery::builder().id("visible").metric_stat(visible).build())
        .start_time(DateTime::from_secs(now - 600))
        .end_time(DateTime::from_secs(now + 60))
        .send()
        .await
        .unwrap();
    // The values may be on both sides of a minute.
    let of = |id: &str| {
        let results = response.metric_data_results();
        results.iter().find(|result| result.id() == Some(id)).unwrap().values().to_vec()
    };
    assert!((of("sum").iter().sum::<f64>() - 50.0).abs() < 1e-9, "{response:?}");
    assert!((of("p99").last().unwrap() - 20.0).abs() < 1e-9, "{response:?}");
    assert!(of("visible").contains(&2.0), "{response:?}");
    test.emulator.stop().await;
}
