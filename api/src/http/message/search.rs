//! `GET /v1/search/messages`: finds messages by their words.

use crate::app::App;
use crate::http::answer::found;
use crate::http::message::search_terms::{Asked, asked};
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::message::Message;
use crate::wire::search::{Highlighted, HitConversation, SearchHit, SearchPage};
use axum::extract::State;
use axum::response::Response;
use commands::context::Names;
use commands::conversation::create_conversation::direct_conversation_id;
use domain::ids::{AccountId, ConversationId, MessageId, Position};
use projections::conversation::messaging::views::{Body, MessageView};
use projections::projection::{ACCOUNTS, MESSAGING};
use projections::search::highlight::highlights;
use projections::search::port::{Cursor, Found, Question as Wanted, Readable, Search};
use projections::search::query::{Operator, Restriction, is_same_name};
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/search/messages", "Search", handle)
        .summary("Finds messages by their words, among those that the caller may read.")
        .description(
            "`q` is words that must all be there, in any order, whatever their case and accents; `\"a phrase\"`, \
             `-without`, `begin*`; `from:username` (or `from:me`), `in:name` (of a group, or its id; `in:username` or \
             `in:@username`: one's direct conversation with them), \
             `before:2026-01-31` and `after:2026-01-31` (days in UTC, without the day itself), \
             `has:link|media|reaction|mention`. Several `from:` or `in:` mean one of them. Conversations in \
             `strict_e2e` are never searched. Who left finds what they may still read. What is sent after the first page \
             was asked for is on none of its pages.",
        )
        .required_parameter("q", Type::String, "What is looked for: 1 to 512 characters.")
        .parameter("conversation_id", Type::String, "Only there.")
        .parameter("sender_id", Type::String, "Only by this account.")
        .parameter("date_from", Type::String, "Not before this day or time.")
        .parameter("date_to", Type::String, "Not after this day, or not from this time on.")
        .parameter("has", Type::String, "Only with `link`, `media`, `reaction`, `mention`: one, or several with commas.")
        .parameter("sort", Type::String, "`relevance` (the newer the better, too) or `recent`, the newest first.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<SearchPage>(200, "A page of what was found.")
        .refuses(&[Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    let asked = asked(&mut question.query);
    question.query.done()?;
    let list = format!("search {}", asked.text);
    let cursors = question.cursors(&app, &list);
    let after = cursor.map(|cursor| place(&cursors.open_any(&cursor)?)).transpose()?;
    wait(&app, &question, &asked).await?;
    let viewer = question.caller.account;
    let readable = app.projections.messaging().readable(viewer).await?;
    let scope = scope(&app, viewer, &asked, readable.value).await?;
    let senders = senders(&app, viewer, &asked).await?;
    let wanted = Wanted {
        needles: asked.needles.clone(),
        scope: if asked.is_nothing { Vec::new() } else { scope },
        senders: senders.0,
        not_senders: senders.1,
        from: asked.from,
        until: asked.until,
        has: asked.has.clone(),
        sort: asked.sort,
        limit,
        after,
        now: question.now,
    };
    let answer = app.search.find(wanted).await?;
    let (items, position) = items(&app, viewer, &asked, &answer).await?;
    let next_cursor = answer.next.map(|next| cursors.make(&next.to_bytes()));
    let page = SearchPage {
        items,
        has_more: next_cursor.is_some(),
        next_cursor,
        total: answer.total,
        total_is_exact: answer.total_is_exact,
    };
    found(&app, position.min(answer.position), &page)
}

fn place(bytes: &[u8]) -> Result<Cursor, Problem> {
    Cursor::from_bytes(bytes).ok_or_else(|| Problem::new(Code::BadCursor))
}

/// For everything that the answer is made from.
async fn wait(app: &App, question: &Question, asked: &Asked) -> Result<(), Problem> {
    let Some(min) = &question.min_position else { return Ok(()) };
    question.wait(app, MESSAGING).await?;
    if asked.restrictions.iter().any(|one| matches!(one.operator, Operator::From | Operator::In)) {
        question.wait(app, ACCOUNTS).await?;
    }
    question.lasting(app, app.search.wait(min.position, min.wait)).await
}

fn of(asked: &Asked, operator: Operator, is_negated: bool) -> Vec<&Restriction> {
    let is_meant = |one: &&Restriction| one.operator == operator && one.is_negated == is_negated;
    asked.restrictions.iter().filter(is_meant).collect()
}

/// Where is looked: what the caller may read, as far as they ask for it.
async fn scope(
    app: &App,
    viewer: AccountId,
    asked: &Asked,
    mut readable: Vec<Readable>,
) -> Result<Vec<Readable>, Problem> {
    if let Some(only) = asked.conversation {
        readable.retain(|one| one.conversation == only);
    }
    let (within, without) = (of(asked, Operator::In, false), of(asked, Operator::In, true));
    if within.is_empty() && without.is_empty() {
        return Ok(readable);
    }
    let names = app.projections.messaging().names(viewer, None).await?.value;
    // A name with an @ is a person's alone.
    let is_called = |id: ConversationId, wanted: &[&Restriction]| {
        wanted.iter().filter(|wanted| !wanted.value.starts_with('@')).any(|wanted| {
            wanted.value.parse() == Ok(id)
                || names.get(&id).is_some_and(|names| is_same_name(&names.name, &wanted.value))
        })
    };
    let (with, not_with) = (directs(app, viewer, &within).await?, directs(app, viewer, &without).await?);
    readable
        .retain(|one| within.is_empty() || with.contains(&one.conversation) || is_called(one.conversation, &within));
    readable.retain(|one| !not_with.contains(&one.conversation) && !is_called(one.conversation, &without));
    Ok(readable)
}

/// The ids that one's direct conversations with people of these names have, or would have.
async fn directs(app: &App, viewer: AccountId, named: &[&Restriction]) -> Result<Vec<ConversationId>, Problem> {
    let names = Names::new(Some(viewer), app.executor.words());
    let others = accounts(app, viewer, named).await?;
    Ok(others.into_iter().map(|other| direct_conversation_id(&names, viewer, other)).collect())
}

/// By whom, if that was asked, and by whom not.
async fn senders(
    app: &App,
    viewer: AccountId,
    asked: &Asked,
) -> Result<(Option<Vec<AccountId>>, Vec<AccountId>), Problem> {
    let (by, not_by) = (of(asked, Operator::From, false), of(asked, Operator::From, true));
    let mut wanted = if by.is_empty() { None } else { Some(accounts(app, viewer, &by).await?) };
    if let Some(sender) = asked.sender {
        let is_among = wanted.as_ref().is_none_or(|wanted| wanted.contains(&sender));
        wanted = Some(if is_among { vec![sender] } else { Vec::new() });
    }
    Ok((wanted, accounts(app, viewer, &not_by).await?))
}

/// Those who exist.
async fn accounts(app: &App, viewer: AccountId, names: &[&Restriction]) -> Result<Vec<AccountId>, Problem> {
    let mut accounts = Vec::new();
    for name in names.iter().map(|restriction| restriction.value.trim_start_matches('@')) {
        if name.eq_ignore_ascii_case("me") {
            accounts.push(viewer);
        } else if let Some(account) = app.projections.accounts().by_username(name).await?.value {
            accounts.push(account.id);
        }
    }
    Ok(accounts)
}

/// What was found, as the read model has it: whatever is deleted, erased or no longer readable meanwhile is left out.
async fn items(
    app: &App,
    viewer: AccountId,
    asked: &Asked,
    answer: &Found,
) -> Result<(Vec<SearchHit>, Position), Problem> {
    let ids: Vec<MessageId> = answer.hits.iter().map(|hit| hit.message).collect();
    let messaging = app.projections.messaging();
    let messages = messaging.messages(viewer, &ids).await?;
    let conversations: BTreeSet<ConversationId> = ids.iter().map(|id| id.conversation).collect();
    let conversations: Vec<ConversationId> = conversations.into_iter().collect();
    let names = messaging.names(viewer, Some(&conversations)).await?.value;
    let mut items = Vec::with_capacity(ids.len());
    for (hit, view) in answer.hits.iter().zip(messages.value) {
        let Some(view @ MessageView { body: Body::Text(_), .. }) = view else { continue };
        let id = hit.message.conversation;
        let name = names.get(&id).map(|names| names.name.clone());
        items.push(item(view, HitConversation { id, name }, hit.score, asked));
    }
    Ok((items, messages.position))
}

fn item(view: MessageView, conversation: HitConversation, score: f64, asked: &Asked) -> SearchHit {
    let parts = match &view.body {
        Body::Text(text) => highlights(text, &asked.needles),
        Body::Ciphertext(_) | Body::Erased | Body::Deleted => Vec::new(),
    };
    let highlights = parts.into_iter().map(|part| Highlighted { from: part.from, to: part.to }).collect();
    SearchHit { message: Message::from(view), conversation, score, highlights }
}
