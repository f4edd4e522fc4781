//! The contract in its exact form.

use std::collections::BTreeSet;
use tests::both_modes;
use tests::operations::operations;
use tests::world::World;

both_modes! {
    async fn the_document_is_openapi_3_1_and_every_operation_has_a_name(world: &mut World) {
        let document = world.http.ask("GET", "/openapi.json").send().await;
        assert!(document.ok(200)["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
        assert_eq!(document.header("content-type"), Some("application/json"));
        let all = operations(&world.http).await;
        let names: BTreeSet<&str> = all.iter().map(|operation| operation.id.as_str()).collect();
        assert_eq!(names.len(), all.len(), "every operation has a name of its own");
        for command in ["RegisterAccount", "OpenSession", "CreateConversation", "AddMember", "RemoveMember", "MarkRead",
            "SendMessage", "EditMessage", "DeleteMessage", "AddReaction", "RemoveReaction", "PostStory"] {
            assert!(names.contains(command), "no {command} in {names:?}");
        }
        for operation in &all {
            assert!(operation.json["summary"].as_str().is_some_and(|text| !text.is_empty()), "{}", operation.id);
        }
    }
}

#[tokio::test]
async fn every_problem_that_the_document_names_has_a_page() {
    let world = World::embedded().await;
    let document = world.http.ask("GET", "/openapi.json").send().await.text();
    let mut codes = BTreeSet::new();
    for code in api::problem::Code::ALL {
        codes.insert(code.as_str());
    }
    assert!(codes.iter().filter(|code| document.contains(*code)).count() > 15, "the document names the problems");
    for code in codes {
        let page = world.http.ask("GET", &format!("/problems/{code}")).send().await;
        page.ok(200);
        assert!(page.text().contains(code), "{code}");
    }
    world.done().await;
}

#[tokio::test]
async fn the_readable_page_needs_nothing_from_elsewhere() {
    let world = World::embedded().await;
    let page = world.http.ask("GET", "/docs").send().await;
    page.ok(200);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    let html = page.text();
    assert!(html.contains("SendMessage"), "the operations stand in the page itself");
    for attribute in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!html.contains(attribute), "{attribute}");
    }
    world.done().await;
}
