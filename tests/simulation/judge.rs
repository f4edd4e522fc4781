//! What the model expects of a command, and whether an answer is that.

use super::act::{Act, Mute, What};
use super::model::{EDIT_WINDOW, KEY_LIFE, KeyUse, Member, Model, Role, Room};
use super::system::Ask;
use serde_json::{Value, json};
use tests::reply::Reply;

/// One admissible outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It happens.
    Done,
    /// It is so already.
    Same,
    /// The answer to an earlier request.
    Replay,
    /// Status and code. Where several rules forbid it, the contract does not say which is told.
    Refused(u16, &'static str),
}

use Verdict::{Done, Refused, Same};

pub const NOT_FOUND: Verdict = Refused(404, "NOT_FOUND");
pub const NOT_PERMITTED: Verdict = Refused(403, "NOT_PERMITTED");
pub const INVALID: Verdict = Refused(422, "VALIDATION_FAILED");
const CLOSED: Verdict = Refused(409, "CONVERSATION_CLOSED");
const GROUP_ONLY: Verdict = Refused(409, "GROUP_ONLY");
const DIRECT_FIXED: Verdict = Refused(409, "DIRECT_MEMBERS_FIXED");
const DELETED: Verdict = Refused(409, "MESSAGE_DELETED");
const WINDOW_CLOSED: Verdict = Refused(409, "EDIT_WINDOW_CLOSED");
const MUST_HAND_OVER: Verdict = Refused(409, "OWNER_MUST_HAND_OVER");

/// The refusals that hold, or else the outcome.
pub fn unless(refusals: &[(bool, Verdict)], outcome: Verdict) -> Vec<Verdict> {
    let holding: Vec<_> = refusals.iter().filter(|(holds, _)| *holds).map(|(_, refusal)| refusal.clone()).collect();
    if holding.is_empty() { vec![outcome] } else { holding }
}

pub fn same_or(is_same: bool) -> Verdict {
    if is_same { Same } else { Done }
}

impl Model {
    /// Every outcome that the contract admits now.
    pub fn judge(&self, act: &Act, ask: &Ask, now: i64) -> Vec<Verdict> {
        if let What::Wrong { wrong, room } = &act.what {
            let (status, code, _) = wrong.answer();
            let is_theirs = self.rooms.get(room).is_some_and(|room| room.member(act.who).is_some());
            return if is_theirs { vec![Refused(status, code)] } else { vec![Refused(status, code), NOT_FOUND] };
        }
        let Some(key) = self.key_use(act) else { return self.judge_fresh(act, ask, now) };
        let is_same = key.request == request_of(ask);
        let mut verdicts = vec![if is_same { Verdict::Replay } else { Refused(422, "IDEMPOTENCY_KEY_REUSED") }];
        // It is kept so long at least.
        if now - key.at >= KEY_LIFE || !key.is_sure {
            verdicts.extend(self.judge_fresh(act, ask, now));
        }
        verdicts
    }

    fn key_use(&self, act: &Act) -> Option<&KeyUse> {
        self.keys.get(&(act.who, act.what.command(), act.key?))
    }

    fn judge_fresh(&self, act: &Act, ask: &Ask, now: i64) -> Vec<Verdict> {
        let who = act.who;
        let is_unknown = |whom: &usize| *whom >= self.people.len();
        match &act.what {
            What::OpenDirect { with, is_strict, .. } => {
                if *with == who || is_unknown(with) {
                    return vec![INVALID];
                }
                match self.direct_of(who, *with) {
                    Some((_, room)) if room.is_strict == *is_strict => vec![Same],
                    Some(_) => vec![Refused(409, "PRIVACY_MODE_DIFFERS")],
                    None => vec![Done],
                }
            }
            What::Found { members, .. } => {
                let mut all = members.clone();
                all.push(who);
                all.sort_unstable();
                all.dedup();
                unless(&[(all.iter().any(is_unknown) || all.len() < 3, INVALID)], Done)
            }
            What::Deed(deed) => self.judge_deed(who, deed, now),
            What::Entry(entry) => self.judge_entry(who, entry, ask, now),
            What::Rename { room, .. }
            | What::Close { room }
            | What::Add { room, .. }
            | What::Remove { room, .. }
            | What::SetRole { room, .. }
            | What::Keep { room, .. }
            | What::Read { room, .. }
            | What::Pin { room, .. }
            | What::Unpin { room, .. }
            | What::Send { room, .. }
            | What::Edit { room, .. }
            | What::Delete { room, .. }
            | What::React { room, .. }
            | What::Unreact { room, .. }
            | What::Wrong { room, .. } => {
                let Some(room) = self.rooms.get(room) else { return vec![NOT_FOUND] };
                match room.member(who) {
                    Some(member) => room.judge(&act.what, member, now, &is_unknown),
                    None => vec![room.judge_outsider(&act.what, who)],
                }
            }
        }
    }

    /// Whether an answer is what the model expects now. What has happened is taken over.
    pub fn accept(&mut self, act: &Act, ask: &Ask, reply: &Reply, now: i64) -> Result<(), String> {
        let fault = |fault| format!("{:?}: {fault}", act.what);
        self.check(act, ask, reply, now).map_err(fault)
    }

    fn check(&mut self, act: &Act, ask: &Ask, reply: &Reply, now: i64) -> Result<(), String> {
        let admitted = self.judge(act, ask, now);
        let got = format!("{} {}", reply.status, reply.text());
        if reply.status >= 400 {
            let problem = reply.json();
            let code = problem["code"].as_str().unwrap_or_default();
            let is_admitted =
                admitted.iter().any(|v| matches!(v, Refused(status, c) if (*status, *c) == (reply.status, code)));
            if !is_admitted {
                return Err(format!("expected one of {admitted:?}, got {got}"));
            }
            self.check_position_of_refusal(act, reply, code).map_err(|fault| format!("{fault}: {got}"))?;
            if let What::Entry(entry) = &act.what {
                self.door.refused(act.who, entry, ask, now);
            }
            if let Some((422, _, Some(pointer))) = act.what.wrong_answer()
                && reply.status == 422
                && problem["errors"][0]["pointer"] != pointer
            {
                return Err(format!("expected an error at {pointer}, got {got}"));
            }
            return Ok(());
        }
        let fits = |verdict: &&Verdict| match verdict {
            Verdict::Replay => reply.is_replay(),
            Done | Same => !reply.is_replay(),
            Refused(..) => false,
        };
        let Some(verdict) = admitted.iter().find(fits) else {
            return Err(format!("expected one of {admitted:?}, got {got}"));
        };
        let position = reply.position().ok_or_else(|| format!("no position in {got}"))?;
        if *verdict == Verdict::Replay {
            let key = self.key_use(act).ok_or("a replay without a key")?;
            let is_equal = (reply.status, reply.json(), position) == (key.status, key.body.clone(), key.position);
            let expected = format!("{} {} at {}", key.status, key.body, key.position);
            return if is_equal {
                Ok(())
            } else {
                Err(format!("expected the repeat of {expected}, got {got} at {position}"))
            };
        }
        if let What::Read { room, seq } = &act.what
            && let Some(room) = self.rooms.get_mut(room)
        {
            // Read again since the crash, so it is stored after all.
            room.doubted.retain(|who, last| *who != act.who || last != seq);
        }
        let is_done = *verdict == Done;
        if is_done {
            self.apply(act, &reply.json(), position, now);
        } else if let (true, What::Read { room, seq }) = (self.is_crowded, &act.what) {
            self.may_find(*room, act.who, *seq);
        } else if let (true, What::Pin { room, seq }) = (self.is_crowded, &act.what) {
            self.may_have_pinned(*room, act.who, *seq, now);
        } else if let (true, What::Deed(deed)) = (self.is_crowded, &act.what) {
            self.circle.apply_same(act.who, deed, now);
        }
        if let What::Entry(entry) = &act.what {
            self.check_tokens(act.who, entry, &reply.json())?;
        }
        let (status, expected) = self.answer(act, is_done, position, now);
        if reply.status != status {
            return Err(format!("expected {status} ({verdict:?}), got {got}"));
        }
        let body = reply.json();
        // A message that was edited and deleted at once may be a tombstone by then, but no half of one.
        let is_overtaken = self.is_crowded && matches!(act.what, What::Edit { .. }) && !body["deleted_at"].is_null();
        if is_overtaken && (!body["text"].is_null() || !body["ciphertext"].is_null()) {
            return Err(format!("expected a tombstone without a word, got {got}"));
        }
        let is_open = |name: &str| is_overtaken && !["id", "conversation_id", "seq", "sender_id"].contains(&name);
        for (name, value) in expected.as_object().into_iter().flatten() {
            if body[name] != *value && !is_open(name) {
                return Err(format!("expected {name} = {value}, got {got}"));
            }
        }
        if expected.is_null() && !reply.body.is_empty() {
            return Err(format!("expected no body, got {got}"));
        }
        let is_sure = !self.is_crowded || status != 204;
        if let (true, Some(key)) = (is_done || !is_sure, act.key) {
            let stored = KeyUse { request: request_of(ask), status, body, position, at: now, is_sure };
            self.keys.insert((act.who, act.what.command(), key), stored);
        }
        Ok(())
    }

    /// A refusal that was decided stands on the head that it was decided on: on no earlier one than what happened before.
    fn check_position_of_refusal(&self, act: &Act, reply: &Reply, code: &str) -> Result<(), String> {
        // What is no request, and a direct conversation with oneself, is refused before anything is decided.
        let may_be_undecided = act.what.wrong_answer().is_some()
            || code == "VALIDATION_FAILED"
            || matches!((&act.what, reply.status), (What::Entry(_), 401 | 403 | 429));
        match reply.position() {
            None if may_be_undecided => Ok(()),
            None => Err("no position".into()),
            Some(position) if position < self.head => Err(format!("decided on {position}, before {}", self.head)),
            Some(_) => Ok(()),
        }
    }

    /// Status and the fields that matter of the answer, after it has happened.
    fn answer(&self, act: &Act, is_done: bool, position: u64, now: i64) -> (u16, Value) {
        let created = if is_done { 201 } else { 200 };
        match &act.what {
            What::Deed(deed) => self.answer_deed(act.who, deed),
            What::Entry(entry) => self.answer_entry(act.who, entry),
            What::OpenDirect { room, with, .. } => {
                let number =
                    if is_done { Some(*room) } else { self.direct_of(act.who, *with).map(|(number, _)| number) };
                let Some(room) = number.and_then(|number| self.rooms.get(&number)) else {
                    return (created, Value::Null);
                };
                let view = self.conversation(room, act.who, 0, now);
                // What was said there lately may not have come to the read model that shows it.
                let names = ["id", "type", "privacy_mode", "member_count", "created_by", "created_at", "name"];
                (
                    created,
                    if is_done {
                        view
                    } else {
                        names.iter().map(|name| ((*name).to_owned(), view[*name].clone())).collect()
                    },
                )
            }
            What::Found { room, .. } => {
                let view = self.rooms.get(room).map(|room| self.conversation(room, act.who, 0, now));
                (201, view.unwrap_or_default())
            }
            What::Rename { room, .. } => {
                let room = self.rooms.get(room);
                (200, json!({"name": room.map(|room| &room.name), "description": room.map(|room| &room.description)}))
            }
            What::Add { room, whom, .. } => (created, self.member_of(*room, *whom)),
            What::SetRole { room, whom, .. } => (200, self.member_of(*room, *whom)),
            What::Keep { room, .. } => {
                let Some(room) = self.rooms.get(room) else { return (200, Value::Null) };
                let mut kept = room.kept_by(act.who, now);
                kept["conversation_id"] = json!(room.id);
                (200, kept)
            }
            What::Send { room, .. } => {
                let Some(room) = self.rooms.get(room) else { return (201, Value::Null) };
                let mut message = self.message(room, room.last_seq(), act.who);
                message["position"] = json!(position.to_string());
                (201, message)
            }
            What::Edit { room, seq, .. } => {
                let Some(room) = self.rooms.get(room) else { return (200, Value::Null) };
                let mut message = self.message(room, *seq, act.who);
                // Of what others did to it lately the read model that shows it may not know.
                for name in ["reactions", "reply_count"] {
                    message.as_object_mut().map(|fields| fields.remove(name));
                }
                // What changes nothing shows the message as it is by then, and others may have changed it since.
                if self.is_crowded && !is_done {
                    for name in ["text", "ciphertext", "nonce", "scheme", "sender_key_id", "edited_at", "deleted_at"] {
                        message.as_object_mut().map(|fields| fields.remove(name));
                    }
                }
                (200, message)
            }
            What::React { room, seq, emoji } => {
                let room = self.rooms.get(room).map_or("", |room| &room.id);
                let message = format!("{room}-{seq}");
                let account = self.account(act.who);
                (
                    created,
                    json!({"message_id": message, "conversation_id": room, "emoji": emoji, "account_id": account}),
                )
            }
            What::Close { .. }
            | What::Remove { .. }
            | What::Read { .. }
            | What::Pin { .. }
            | What::Unpin { .. }
            | What::Delete { .. }
            | What::Unreact { .. }
            | What::Wrong { .. } => (204, Value::Null),
        }
    }

    fn member_of(&self, room: usize, whom: usize) -> Value {
        let member = self.rooms.get(&room).and_then(|room| room.member(whom));
        member.map_or(Value::Null, |member| self.member(member))
    }
}

/// What a repeat is recognised by.
fn request_of(ask: &Ask) -> String {
    format!("{} {}", ask.path, ask.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default())
}

impl Room {
    /// Somebody who is no member: what goes on is not theirs to know. Leaving once more is so already.
    fn judge_outsider(&self, what: &What, who: usize) -> Verdict {
        match what {
            What::Remove { whom, .. } if *whom == who && self.past.contains_key(&who) => Same,
            _ => NOT_FOUND,
        }
    }

    fn judge(&self, what: &What, own: &Member, now: i64, is_unknown: &dyn Fn(&usize) -> bool) -> Vec<Verdict> {
        let is_closed = self.closed_at.is_some();
        let manages = own.role > Role::Member;
        let closed = (is_closed, CLOSED);
        match what {
            What::OpenDirect { .. } | What::Found { .. } | What::Deed(_) | What::Entry(_) | What::Wrong { .. } => {
                Vec::new()
            }
            What::Rename { name, description, .. } => {
                let is_same = name.as_ref().is_none_or(|name| *name == self.name)
                    && description.as_ref().is_none_or(|description| *description == self.description);
                unless(
                    &[(self.is_direct, GROUP_ONLY), (!self.is_direct && !manages, NOT_PERMITTED), closed],
                    same_or(is_same),
                )
            }
            What::Close { .. } => {
                let is_other = !self.is_direct && own.role != Role::Owner;
                unless(&[(self.is_direct, GROUP_ONLY), (is_other, NOT_PERMITTED)], same_or(is_closed))
            }
            What::Add { whom, role, .. } => {
                let wants = role.unwrap_or(Role::Member);
                let is_member = self.member(*whom).is_some();
                let mut verdicts = unless(
                    &[
                        (self.is_direct, DIRECT_FIXED),
                        closed,
                        (!self.is_direct && (!manages || wants >= own.role), NOT_PERMITTED),
                        (is_unknown(whom), INVALID),
                    ],
                    same_or(is_member),
                );
                // Of a member already in, in whatever role, nothing is wanted that would be forbidden.
                if is_member && manages && !is_closed && !verdicts.contains(&Same) {
                    verdicts.push(Same);
                }
                verdicts
            }
            What::Remove { whom, .. } if *whom == own.who => {
                let must_stay = !self.is_direct && own.role == Role::Owner && self.members.len() > 1;
                unless(&[(self.is_direct, DIRECT_FIXED), closed, (must_stay, MUST_HAND_OVER)], Done)
            }
            What::Remove { whom, .. } => {
                let target = self.member(*whom);
                let was_here = target.is_some() || self.past.contains_key(whom);
                let is_above = target.is_some_and(|target| target.role >= own.role) || !manages;
                let refusals = [
                    (self.is_direct, DIRECT_FIXED),
                    closed,
                    (!self.is_direct && is_above, NOT_PERMITTED),
                    (!was_here, NOT_FOUND),
                ];
                unless(&refusals, same_or(target.is_none()))
            }
            What::SetRole { whom, role, .. } => self.judge_role(own, *whom, *role),
            What::Keep { mute, pinned, archived, notify, .. } => {
                if matches!(mute, Some(Mute::Until(end)) if *end <= now) {
                    return vec![INVALID];
                }
                let kept = self.kept.get(&own.who).cloned().unwrap_or_default();
                // A mute that is over may be thought of as one or as none.
                let is_over = matches!(kept.mute, Mute::Until(end) if end <= now);
                if is_over && *mute == Some(Mute::Off) {
                    return vec![Done, Same];
                }
                let is_same = mute.is_none_or(|mute| mute == kept.mute)
                    && pinned.is_none_or(|pinned| pinned == kept.pinned)
                    && archived.is_none_or(|archived| archived == kept.archived)
                    && notify.is_none_or(|notify| notify == kept.notify);
                vec![same_or(is_same)]
            }
            What::Read { seq, .. } => {
                let stands = self.read.get(&own.who).and_then(|marks| marks.last().copied()).unwrap_or_default();
                unless(&[(*seq > self.last_seq(), INVALID)], same_or(*seq <= stands))
            }
            What::Pin { seq, .. } => {
                let Some(message) = self.message(*seq) else { return self.judge_lost(own) };
                let is_deleted = message.deleted_at.is_some();
                let is_pinned = self.pins.iter().any(|pin| pin.seq == *seq);
                let refusals = [(!self.is_direct && !manages, NOT_PERMITTED), closed, (is_deleted, DELETED)];
                unless(&refusals, same_or(is_pinned))
            }
            What::Unpin { seq, .. } => {
                let is_pinned = self.pins.iter().any(|pin| pin.seq == *seq);
                let mut verdicts = unless(&[(!self.is_direct && !manages, NOT_PERMITTED), closed], same_or(!is_pinned));
                if self.message(*seq).is_none() {
                    verdicts.push(NOT_FOUND);
                }
                verdicts
            }
            What::Send { content, reply_to, .. } => {
                let is_lost = reply_to.is_some_and(|seq| self.message(seq).is_none());
                unless(&[closed, self.of_other_kind(content), (is_lost, INVALID)], Done)
            }
            What::Edit { seq, content, .. } => {
                let Some(message) = self.message(*seq) else { return self.judge_lost(own) };
                let refusals = [
                    closed,
                    (message.sender != own.who, NOT_PERMITTED),
                    (message.deleted_at.is_some(), DELETED),
                    (now - message.sent_at > EDIT_WINDOW, WINDOW_CLOSED),
                    self.of_other_kind(content),
                ];
                unless(&refusals, same_or(message.content == *content))
            }
            What::Delete { seq, .. } => {
                let Some(message) = self.message(*seq) else { return self.judge_lost(own) };
                let is_own = message.sender == own.who;
                let is_late = now - message.sent_at > EDIT_WINDOW;
                let refusals = [
                    closed,
                    (!manages_messages(self, own) && is_own && is_late, WINDOW_CLOSED),
                    (!manages_messages(self, own) && !is_own, NOT_PERMITTED),
                ];
                let is_deleted = message.deleted_at.is_some();
                let mut verdicts = unless(&refusals, same_or(is_deleted));
                // Of what is deleted already one may be told that instead of what would forbid it now.
                if is_deleted && !is_closed {
                    verdicts.push(Same);
                }
                verdicts
            }
            What::React { seq, emoji, .. } => {
                let Some(message) = self.message(*seq) else { return self.judge_lost(own) };
                let is_given = message.reactions.contains(&(*emoji, own.who));
                unless(&[closed, (message.deleted_at.is_some(), DELETED)], same_or(is_given))
            }
            What::Unreact { seq, emoji, .. } => {
                let Some(message) = self.message(*seq) else { return self.judge_lost(own) };
                let is_given = message.reactions.contains(&(*emoji, own.who));
                unless(&[closed], same_or(!is_given))
            }
        }
    }

    fn judge_role(&self, own: &Member, whom: usize, role: Role) -> Vec<Verdict> {
        let target = self.member(whom);
        let is_own = whom == own.who;
        let is_same = target.is_some_and(|target| target.role == role);
        let hands_over = own.role == Role::Owner && role == Role::Owner && !is_own;
        let is_below = target.is_some_and(|target| target.role < own.role) && (role < own.role || hands_over);
        let steps_down = is_own && own.role == Role::Owner && role < Role::Owner;
        let refusals = [
            (self.is_direct, DIRECT_FIXED),
            (self.closed_at.is_some(), CLOSED),
            (target.is_none(), NOT_FOUND),
            (steps_down, MUST_HAND_OVER),
            (!self.is_direct && !is_below && !steps_down && !is_same, NOT_PERMITTED),
        ];
        let mut verdicts = unless(&refusals, same_or(is_same));
        // Who may not manage the role may be told so, although it is the one that stands.
        if is_same && !is_below && !(is_own && own.role == Role::Owner) {
            verdicts.push(NOT_PERMITTED);
        }
        verdicts
    }

    /// A message that is not there.
    fn judge_lost(&self, own: &Member) -> Vec<Verdict> {
        let mut verdicts = vec![NOT_FOUND];
        if self.closed_at.is_some() {
            verdicts.push(CLOSED);
        }
        if own.role == Role::Member && !self.is_direct {
            verdicts.push(NOT_PERMITTED);
        }
        verdicts
    }

    fn of_other_kind(&self, content: &super::act::Content) -> (bool, Verdict) {
        let code = if self.is_strict { "CIPHERTEXT_REQUIRED" } else { "TEXT_REQUIRED" };
        (!self.takes(content), Refused(409, code))
    }
}

/// Whether somebody may delete every message.
fn manages_messages(room: &Room, own: &Member) -> bool {
    !room.is_direct && own.role > Role::Member
}
