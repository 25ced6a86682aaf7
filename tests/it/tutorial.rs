//! docs/tutorial.md, followed word by word: from an empty rulebook to everything posted, with its own commands only.

use cartledger::sandbox::bigcommerce::scenario;

use crate::support::world::{ADMIN, STORE, World, demo_rules};

const TUTORIAL: &str = include_str!("../../docs/tutorial.md");

/// The commands of the page, in order.
fn commands() -> Vec<Vec<String>> {
    let blocks = TUTORIAL.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    blocks.flat_map(str::lines).map(words).collect()
}

/// A command as a shell takes it apart.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

impl World {
    /// Runs a command of the page; answers what it printed.
    async fn follow(&self, command: &[String], table: &std::path::Path) -> String {
        assert_eq!(command[0], "cartledger");
        let arguments: Vec<&str> = command[1..]
            .iter()
            .map(|word| if word == "rules.csv" { table.to_str().unwrap() } else { word.as_str() })
            .collect();
        let (status, out, said) = self.run(ADMIN, &arguments).await;
        assert_eq!(status, 0, "{command:?}: {said}");
        if arguments.starts_with(&["rules", "convert"]) {
            std::fs::write(table, &out).unwrap();
        }
        out
    }

    async fn outcomes(&self, outcome: &str) -> usize {
        let count = sqlx::query_scalar::<_, i64>("select count(*) from sales_order where outcome = $1").bind(outcome);
        usize::try_from(count.fetch_one(self.pool()).await.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn an_empty_rulebook_becomes_closed_books_by_the_commands_of_the_page() {
    let world = World::start().await;
    sqlx::query("delete from rulebook").execute(world.pool()).await.unwrap();
    scenario::trading_day(&world.shop, |_| {}).unwrap();
    world.settle().await;
    world.mirrored().await;
    assert_eq!((world.outcomes("posted").await, world.company.invoices().len()), (0, 0));
    let held = world.outcomes("held").await;
    assert!(held > 30, "{held} are held");

    let table = std::env::temp_dir().join(format!("{}.csv", cartledger::clock::random_id().simple()));
    let mut shown = Vec::new();
    for command in commands() {
        let out = world.follow(&command, &table).await;
        world.settle().await;
        shown.push((command.join(" "), out));
    }
    std::fs::remove_file(&table).unwrap();
    let of = |command: &str| &shown.iter().find(|(shown, _)| shown.contains(command)).unwrap().1;
    assert!(of("rules unmapped").contains("product"), "{}", of("rules unmapped"));
    assert!(of("suggest account product sales").contains("4000"));
    assert!(of("dry-run start").contains("4000"), "{}", of("dry-run start"));
    assert!(of("dry-run list").contains("first rules"));

    let newest = world.store.latest_rulebook(STORE).await.unwrap().unwrap();
    assert_eq!(newest.rules, demo_rules(), "what was imported is what was there");
    assert!(world.outcomes("posted").await > held / 2);
    world.assert_books_agree().await;
}
