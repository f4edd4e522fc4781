//! One test, both modes.

/// Makes each function a test in the embedded mode and one in the production mode. Write
/// `async fn a_sentence(world: &mut World) { … }`; the world is ended afterwards.
#[macro_export]
macro_rules! both_modes {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: &mut World) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[expect(unused_imports, reason = "a test need not use what its file imports")]
            use super::*;

            async fn check($world: &mut $crate::world::World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_embedded_mode() {
                let mut world = $crate::world::World::embedded().await;
                check(&mut world).await;
                world.done().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_production_mode() {
                if let Some(mut world) = $crate::world::World::production().await {
                    check(&mut world).await;
                    world.done().await;
                }
            }
        }
    )*};
}
