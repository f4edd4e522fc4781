//! Follows and close friends as lists.

use crate::testing::script::{Script, account};
use crate::testing::world::{Place, World};

#[tokio::test]
async fn lists_are_counted_and_read_in_pages_newest_first() {
    for place in Place::all("circles") {
        let mut script = Script::default();
        for follower in 2..7 {
            script.follows(follower, 1);
        }
        script.unfollows(4, 1);
        script.follows(1, 2);
        script.befriends(1, 5);
        script.befriends(1, 6);
        script.unfriends(1, 5);
        for batch in [1, 4, 1000] {
            let place = if batch == 1000 { place.again() } else { Place::sqlite() };
            let world = World::caught_up(&place, &script.events, batch).await;
            let reader = world.projections.circles();
            let (mut before, mut followers) = (None, Vec::new());
            for _ in 0..2 {
                let page = reader.followers(account(1), before, 2).await.unwrap().value;
                assert_eq!(page.count, 4);
                before = page.people.last().map(|last| last.position);
                followers.extend(page.people.iter().map(|person| person.account));
                assert_eq!(page.has_more, followers.len() < 4);
            }
            assert_eq!(followers, [6, 5, 3, 2].map(account));
            let following = reader.following(account(1), None, 10).await.unwrap().value;
            assert_eq!((following.count, following.people[0].account), (1, account(2)));
            let nobody = reader.following(account(4), None, 10).await.unwrap().value;
            assert_eq!((nobody.count, nobody.people.len()), (0, 0));
            let friends = reader.close_friends(account(1), None, 10).await.unwrap().value;
            assert_eq!((friends.count, friends.people[0].account), (1, account(6)));
            world.stop().await;
        }
        place.clean().await;
    }
}
