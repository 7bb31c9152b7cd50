use super::{
    DatasetParameters, Delivery, ParameterProblem, PresignParameters, ProxyHeadParameters, ProxyParameters,
    Query, RouteParameters, Scope, SignParameters,
};

fn url(query: &str) -> Result<String, ParameterProblem> {
    let parameters = ProxyParameters::parse(Query::new(query));
    parameters.map(|parameters| parameters.presigned_url.as_str().to_owned()).map_err(|error| error.problem)
}

#[test]
fn value_is_decoded_once() {
    assert_eq!(url("presigned_url=a%252Bb%2Cc"), Ok("a%2Bb,c".to_owned()));
    assert_eq!(url("presigned_url=a+b%2Bc"), Ok("a b+c".to_owned()));
    assert_eq!(url("presigned_url=a=b&x"), Ok("a=b".to_owned()));
    assert_eq!(url("x=1&presigned%5Furl=%22"), Ok("\"".to_owned()), "names are decoded too");
}

#[test]
fn missing_blank_repeated_and_undecodable_values_are_rejected() {
    for (query, problem) in [
        ("", ParameterProblem::Missing),
        ("presigned=1", ParameterProblem::Missing),
        ("presigned_url", ParameterProblem::Blank),
        ("presigned_url=%20", ParameterProblem::Blank),
        ("presigned_url=1&presigned_url=2", ParameterProblem::Repeated),
        ("presigned_url=%ff&presigned%5furl=1", ParameterProblem::Repeated),
        ("presigned_url=%ff", ParameterProblem::NotUtf8),
    ] {
        assert_eq!(url(query), Err(problem), "{query}");
    }
}

#[test]
fn only_false_replaces_the_redirect() {
    let delivery = |redirect: &str| {
        let query = format!("presigned_url=u{redirect}");
        ProxyHeadParameters::parse(Query::new(&query)).map(|parameters| parameters.redirect).ok()
    };
    assert_eq!(delivery("&redirect=false"), Some(Delivery::Inline));
    for other in ["", "&redirect", "&redirect=", "&redirect=False", "&redirect=0"] {
        assert_eq!(delivery(other), Some(Delivery::Redirect), "{other}");
    }
    assert_eq!(delivery("&redirect=false&redirect=false"), None);
}

#[test]
fn scope_is_file_unless_it_is_package() {
    let scope = |scope: &str| {
        let query = format!("package_id=N:package:1{scope}");
        let parameters = SignParameters::parse(Query::new(&query));
        parameters.map(|parameters| parameters.scope).map_err(|error| error.to_string())
    };
    assert_eq!(scope(""), Ok(Scope::File));
    assert_eq!(scope("&scope=package"), Ok(Scope::Package));
    assert_eq!(scope("&scope="), Err("the parameter `scope` is blank".to_owned()));
    assert_eq!(scope("&scope=all"), Err("the parameter `scope` must be `file` or `package`".to_owned()));
}

#[test]
fn error_names_the_parameter() {
    let dataset = |query: &str| DatasetParameters::parse(Query::new(query)).err().unwrap().to_string();
    assert_eq!(dataset(""), "the parameter `dataset_id` is missing");
    assert_eq!(dataset("dataset_id=N%00"), "the parameter `dataset_id` is not a node id");
    let path = PresignParameters::parse(Query::new("package_id=N:package:1&path=a//b"));
    assert_eq!(
        path.err().unwrap().to_string(),
        "the parameter `path` has an empty segment or a leading slash"
    );
}
