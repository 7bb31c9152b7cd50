//! Reads the definition of an alarm.

use aws_sdk_cloudwatch::types::{Dimension, MetricAlarm as Described, MetricDataQuery, Statistic};
use cloudwatch::alarm::{Measure, MetricAlarm, Query, QueryData, UnknownName};
use cloudwatch::expression::ExpressionError;
use cloudwatch::{Metric, StatisticError};

/// Why an alarm is not evaluated.
#[derive(Debug, thiserror::Error)]
pub(super) enum DefinitionError {
    #[error("the alarm has no {0}")]
    Missing(&'static str),
    #[error(transparent)]
    Statistic(#[from] StatisticError),
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error("metrics of one alarm with different periods are not emulated")]
    Periods,
    #[error("a query without a metric or an expression, such as one of another account, is not emulated")]
    Query,
}

/// Returns the alarm that CloudWatch describes.
pub(super) fn read(alarm: &Described) -> Result<MetricAlarm, DefinitionError> {
    let (measure, period) = if alarm.metrics().is_empty() {
        let metric = metric(alarm.namespace(), alarm.metric_name(), alarm.dimensions())?;
        let statistic = alarm.extended_statistic().or_else(|| alarm.statistic().map(Statistic::as_str));
        let statistic = statistic.ok_or(DefinitionError::Missing("statistic"))?.parse()?;
        (Measure::Statistic(metric, statistic), alarm.period())
    } else {
        let queries = alarm.metrics().iter().map(query).collect::<Result<_, _>>()?;
        (Measure::Math(queries), period_of_queries(alarm.metrics())?)
    };
    let comparison = alarm.comparison_operator().ok_or(DefinitionError::Missing("comparison operator"))?;
    let count = |number: Option<i32>| number.and_then(|number| usize::try_from(number).ok());
    let evaluation_periods =
        count(alarm.evaluation_periods()).ok_or(DefinitionError::Missing("number of evaluation periods"))?;
    Ok(MetricAlarm {
        measure,
        period_seconds: period.ok_or(DefinitionError::Missing("period"))?.into(),
        comparison: comparison.as_str().parse()?,
        threshold: alarm.threshold().ok_or(DefinitionError::Missing("threshold"))?,
        evaluation_periods,
        datapoints_to_alarm: count(alarm.datapoints_to_alarm()).unwrap_or(evaluation_periods),
        missing_data: alarm.treat_missing_data().unwrap_or("missing").parse()?,
    })
}

fn query(query: &MetricDataQuery) -> Result<Query, DefinitionError> {
    let data = match (query.metric_stat(), query.expression()) {
        (Some(statistic), _) => {
            let described = statistic.metric().ok_or(DefinitionError::Query)?;
            let metric = metric(described.namespace(), described.metric_name(), described.dimensions())?;
            let name = statistic.stat().ok_or(DefinitionError::Missing("statistic"))?;
            QueryData::Statistic(metric, name.parse()?)
        }
        (None, Some(expression)) => QueryData::Expression(expression.parse()?),
        (None, None) => return Err(DefinitionError::Query),
    };
    let id = query.id().unwrap_or_default().to_owned();
    Ok(Query { id, data, is_result: query.return_data().unwrap_or(true) })
}

fn period_of_queries(queries: &[MetricDataQuery]) -> Result<Option<i32>, DefinitionError> {
    let mut periods = queries.iter().filter_map(|query| query.metric_stat()?.period());
    let first = periods.next();
    if periods.any(|period| Some(period) != first) { Err(DefinitionError::Periods) } else { Ok(first) }
}

fn metric(
    namespace: Option<&str>,
    name: Option<&str>,
    dimensions: &[Dimension],
) -> Result<Metric, DefinitionError> {
    let namespace = namespace.ok_or(DefinitionError::Missing("namespace"))?;
    let name = name.ok_or(DefinitionError::Missing("metric name"))?;
    let dimensions = dimensions.iter().filter_map(|dimension| Some((dimension.name()?, dimension.value()?)));
    Ok(Metric::new(namespace, name, dimensions))
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::{ComparisonOperator, Metric, MetricStat};
    use cloudwatch::alarm::MissingData;

    use super::*;

    fn described() -> aws_sdk_cloudwatch::types::builders::MetricAlarmBuilder {
        let operator = ComparisonOperator::GreaterThanThreshold;
        Described::builder().comparison_operator(operator).threshold(1.0).evaluation_periods(3)
    }

    fn stat(id: &str, period: i32) -> MetricDataQuery {
        let metric = Metric::builder().namespace("AWS/SQS").metric_name("m").build();
        let stat = MetricStat::builder().metric(metric).period(period).stat("Sum").build();
        MetricDataQuery::builder().id(id).metric_stat(stat).return_data(false).build()
    }

    fn expression(text: &str) -> MetricDataQuery {
        MetricDataQuery::builder().id("e").expression(text).build()
    }

    #[test]
    fn alarm_on_one_metric_is_read_with_the_defaults() {
        let alarm = described().namespace("AWS/SQS").metric_name("m").period(60);
        let alarm = read(&alarm.statistic(Statistic::Average).extended_statistic("p99").build()).unwrap();
        let metric = cloudwatch::Metric::new("AWS/SQS", "m", []);
        assert_eq!(alarm.measure, Measure::Statistic(metric, cloudwatch::Statistic::Percentile(99.0)));
        assert_eq!((alarm.datapoints_to_alarm, alarm.missing_data), (3, MissingData::Missing));
    }

    #[test]
    fn alarm_on_metric_math_has_the_period_of_its_metrics() {
        let queries = vec![stat("a", 300), stat("b", 300), expression("a / b")];
        let alarm = read(&described().set_metrics(Some(queries)).build()).unwrap();
        assert_eq!(alarm.period_seconds, 300);
        let Measure::Math(queries) = alarm.measure else { panic!("{:?}", alarm.measure) };
        assert_eq!(queries.iter().filter(|query| query.is_result).count(), 1);
    }

    #[test]
    fn what_is_not_emulated_is_refused() {
        let error = |queries| read(&described().set_metrics(Some(queries)).build()).unwrap_err().to_string();
        assert_eq!(error(vec![stat("a", 60), expression("RATE(a)")]), "function RATE is not emulated");
        assert!(error(vec![stat("a", 60), stat("b", 300)]).contains("different periods"));
        let incomplete = described().namespace("AWS/SQS").metric_name("m").period(60).build();
        assert_eq!(read(&incomplete).unwrap_err().to_string(), "the alarm has no statistic");
    }
}
