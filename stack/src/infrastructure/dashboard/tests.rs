use openapi::telemetry::{METRICS, Metric, NAMESPACE};
use serde_json::Value as Json;

use crate::infrastructure::own_metrics::{FUNCTION, ROUTE};
use crate::infrastructure::tests::template_of;

/// Returns the widgets of the dashboard of an environment.
fn widgets(environment: &str) -> Vec<Json> {
    let template = template_of(environment).to_value();
    let body = &template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"];
    let body: Json = serde_json::from_str(body.as_str().unwrap()).unwrap();
    body["widgets"].as_array().unwrap().clone()
}

#[test]
fn dashboard_begins_with_four_questions() {
    let titles: Vec<String> = widgets("prod")
        .iter()
        .filter_map(|widget| widget["properties"]["markdown"].as_str())
        .map(|text| text.lines().next().unwrap().trim_start_matches("## ").to_owned())
        .collect();
    let questions = ["Is it up?", "Is it slow?", "Does the queue move?", "Are the keys young?"];
    assert_eq!(titles[..4], questions);
}

#[test]
fn widgets_do_not_overlap() {
    let cells = |widget: &Json| {
        let number = |name: &str| widget[name].as_u64().unwrap();
        let rows = number("y")..number("y") + number("height");
        let columns = number("x")..number("x") + number("width");
        assert!(columns.end <= 24, "{widget}");
        rows.flat_map(move |row| columns.clone().map(move |column| (row, column))).collect::<Vec<_>>()
    };
    let widgets = widgets("local");
    let mut all: Vec<_> = widgets.iter().flat_map(cells).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

fn arn(alarm: &str) -> String {
    format!("arn:${{AWS::Partition}}:cloudwatch:${{AWS::Region}}:${{AWS::AccountId}}:alarm:{alarm}")
}

#[test]
fn dashboard_shows_every_alarm_that_is_always_there() {
    let template = template_of("local").to_value();
    let alarms = template["Resources"].as_object().unwrap().iter();
    let alarms = alarms.filter(|(id, alarm)| {
        let resource_type = alarm["Type"].as_str().unwrap();
        ["AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"].contains(&resource_type)
            && *id != "SigningKeyAgeAlarm"
    });
    let names = alarms.map(|(_, alarm)| alarm["Properties"]["AlarmName"].as_str().unwrap());
    let mut expected: Vec<String> = names.map(arn).collect();
    let widgets = widgets("local");
    let widget = widgets.iter().find(|widget| widget["type"] == "alarm").unwrap();
    let shown = widget["properties"]["alarms"].as_array().unwrap();
    let first =
        ["api-health", "restore-health"].map(|name| arn(&format!("local-packages-service-{name}-use1")));
    assert_eq!(shown[..2], first);
    let mut shown: Vec<&str> = shown.iter().map(|arn| arn.as_str().unwrap()).collect();
    shown.sort_unstable();
    expected.sort_unstable();
    assert_eq!(shown, expected);
}

/// An expression or an id that is misspelled would leave a graph empty.
#[test]
fn expressions_read_hidden_lines_of_their_graph() {
    for widget in widgets("prod") {
        let lines: Vec<Json> =
            widget["properties"]["metrics"].as_array().into_iter().flatten().cloned().collect();
        let options: Vec<&Json> = lines.iter().map(|line| line.as_array().unwrap().last().unwrap()).collect();
        let ids: Vec<&str> = options.iter().filter_map(|it| it["id"].as_str()).collect();
        let expressions = options.iter().filter_map(|it| it["expression"].as_str());
        let expressions: Vec<&str> = expressions.filter(|text| !text.starts_with("SEARCH(")).collect();
        assert!(ids.iter().all(|id| expressions.iter().any(|text| text.contains(id))), "{widget}");
        let is_word = |word: &str| word.starts_with(|first: char| first.is_ascii_lowercase());
        let words = expressions.iter().flat_map(|text| text.split(' ')).filter(|word| is_word(word));
        assert!(words.clone().all(|word| ids.contains(&word)), "{widget}");
    }
}

/// A metric that no function writes would leave a graph empty.
#[test]
fn metrics_of_the_functions_have_the_dimensions_of_the_contract() {
    let widgets = widgets("prod");
    let lines =
        widgets.iter().flat_map(|widget| widget["properties"]["metrics"].as_array().into_iter().flatten());
    let lines = lines.map(|line| line.as_array().unwrap()).filter(|line| line[0] == NAMESPACE);
    let mut count = 0;
    for line in lines {
        let texts: Vec<&str> = line.iter().filter_map(Json::as_str).collect();
        let metric = METRICS.iter().find(|metric| metric.name == texts[1]).unwrap();
        let dimensions: Vec<&str> = texts[2..].iter().step_by(2).copied().collect();
        assert!(metric.dimensions.contains(&dimensions.as_slice()), "{texts:?}");
        count += 1;
    }
    assert!(count > 5, "{count}");
    assert!(Metric::LATENCY.dimensions.contains(&[FUNCTION, ROUTE].as_slice()));
}
