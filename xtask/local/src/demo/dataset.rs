//! Content of the demo datasets: a small study with slices and EEG of three subjects.

use std::fmt::Write;

use super::DemoError;
use super::identifiers::{DATASET, OTHER_DATASET};
use super::image::Micrograph;
use super::picture::to_png;
use super::signal::{SAMPLE_RATE, record, to_csv};
use super::tree::{Added, Tree};

/// All packages, and those that demo requests use.
pub(super) struct Study {
    pub(super) tree: Tree,
    pub(super) live_file: Added,
    pub(super) viewer: Added,
    pub(super) deleted_file: Added,
    pub(super) deleted_folder: Added,
    pub(super) other_file: Added,
}

/// Creates the packages of the study. `slice` is the picture of the package `viewer`.
pub(super) fn create_tree(slice: &Micrograph) -> Result<Study, DemoError> {
    let mut tree = Tree::default();

    tree.file(DATASET, "README.md", README);
    tree.file(DATASET, "CHANGES.txt", "1.1.0 Add the band power of both subjects\n1.0.0 Raw recordings\n");
    tree.file(DATASET, "dataset_description.json", DESCRIPTION);
    tree.file(DATASET, "participants.tsv", "participant_id\tage\tsex\nsub-01\t24\tF\nsub-02\t31\tM\n");

    let primary = tree.folder(DATASET, "primary");
    let live_file = add_subject(&mut tree, &primary, 1)?;
    add_subject(&mut tree, &primary, 2)?;

    let protocol = tree.folder(DATASET, "protocol");
    tree.file(&protocol, "recording-protocol.md", PROTOCOL);
    tree.file(&protocol, "stimuli.csv", stimuli(30));

    let derivatives = tree.folder(DATASET, "derivatives");
    tree.file(&derivatives, "band-power.csv", "subject,theta,alpha\nsub-01,40.5,191.2\nsub-02,40.4,190.8\n");
    tree.file(&derivatives, "summary.json", "{\"subjects\": 2, \"electrodes\": 4, \"rejected\": 0}\n");
    let viewer = tree.file(&derivatives, "hippocampus-ca1.png", to_png(slice)?);

    let deleted_file = tree.file(&derivatives, "band-power-draft.csv", "subject,theta,alpha\nsub-01,38.9,\n");
    tree.delete(&deleted_file);
    let deleted_folder = tree.folder(&primary, "sub-03");
    add_rejected_sessions(&mut tree, &deleted_folder);
    tree.delete(&deleted_folder);

    let other_file = tree.file(OTHER_DATASET, "pilot.csv", to_csv(&record(9, SAMPLE_RATE)));
    Ok(Study { tree, live_file, viewer, deleted_file, deleted_folder, other_file })
}

/// Adds the folder of a subject and returns the file with the recording.
fn add_subject(tree: &mut Tree, primary: &Added, subject: u8) -> Result<Added, DemoError> {
    let folder = tree.folder(primary, &format!("sub-{subject:02}"));
    let recording = to_csv(&record(subject.into(), 4 * SAMPLE_RATE));
    let file = tree.file(&folder, &format!("sub-{subject:02}_eeg.csv"), recording);
    let sidecar = format!("{{\"SamplingFrequency\": {SAMPLE_RATE}, \"PowerLineFrequency\": 60}}\n");
    tree.file(&folder, &format!("sub-{subject:02}_eeg.json"), sidecar);
    let slice = to_png(&Micrograph::synthesize(subject.into(), 128))?;
    tree.file(&folder, &format!("sub-{subject:02}_slice.png"), slice);
    Ok(file)
}

/// Adds sixty files, thirty for each of two sessions, in folders down to the fourth level.
fn add_rejected_sessions(tree: &mut Tree, subject: &Added) {
    for session in 1..=2 {
        let folder = tree.folder(subject, &format!("ses-{session:02}"));
        let eeg = tree.folder(&folder, "eeg");
        for run in 1..=15 {
            let samples = 20 + 5 * run;
            let recording = to_csv(&record(u64::from(100 * session + run), samples));
            tree.file(&eeg, &format!("run-{run:02}_eeg.csv"), recording);
        }
        let behavior = tree.folder(&folder, "behavior");
        for run in 1..=10 {
            tree.file(&behavior, &format!("run-{run:02}_events.csv"), stimuli(run));
        }
        let anatomy = tree.folder(&folder, "anatomy");
        let notes = tree.folder(&anatomy, "notes");
        for section in 1..=5 {
            let note = format!("Session {session}, section {section}: motion artefacts, rejected.\n");
            tree.file(&notes, &format!("section-{section}.txt"), note);
        }
    }
}

fn stimuli(count: u32) -> String {
    (1..=count).fold("onset_s,duration_s,stimulus\n".to_owned(), |mut text, index| {
        let _infallible = writeln!(text, "{},0.05,flash", 2 * index - 1);
        text
    })
}

const README: &str = "\
# Hippocampal slices and EEG

Visual flashes every two seconds, four electrodes, 250 samples a second.
The slices were stained for nuclei (DAPI), processes (GFP) and synapses (Synapsin).
";

const DESCRIPTION: &str = "\
{
  \"Name\": \"Hippocampal slices and EEG\",
  \"BIDSVersion\": \"1.10.0\",
  \"DatasetType\": \"raw\",
  \"License\": \"CC0\"
}
";

const PROTOCOL: &str = "\
# Recording

1. Dark adaptation, ten minutes.
2. Baseline with eyes closed, one minute.
3. Thirty flashes of 50 ms, two seconds apart.
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::image::Micrograph;
    use super::super::tree::Package;
    use super::{Study, create_tree};

    fn study() -> Study {
        create_tree(&Micrograph::synthesize(1, 64)).unwrap()
    }

    fn depth(study: &Study, package: &Package) -> usize {
        let parent = |package: &Package| {
            study.tree.packages.iter().find(|candidate| Some(candidate.id) == package.parent)
        };
        std::iter::successors(Some(package), |package| parent(package)).count()
    }

    #[test]
    fn deleted_folder_has_sixty_files_on_several_levels() {
        let study = study();
        let deleted: Vec<_> = study.tree.packages.iter().filter(|package| package.deleted).collect();
        let files = deleted.iter().filter(|package| package.file().is_some()).count();
        assert_eq!(files, 60 + 1, "those of the folder and the deleted file");
        let root = deleted.iter().find(|package| package.id == study.deleted_folder.id).unwrap();
        let deepest = deleted.iter().map(|package| depth(&study, package)).max().unwrap();
        assert_eq!(deepest - depth(&study, root), 4, "levels below the deleted folder");
    }

    #[test]
    fn named_packages_have_the_expected_state() {
        let study = study();
        let package = |id| study.tree.packages.iter().find(|package| package.id == id).unwrap();
        assert!(!package(study.live_file.id).deleted);
        assert!(!package(study.viewer.id).deleted);
        assert!(package(study.deleted_file.id).deleted);
        assert_ne!(package(study.other_file.id).dataset, package(study.live_file.id).dataset);
        let live = study.tree.packages.iter().filter(|package| package.file().is_some() && !package.deleted);
        assert_eq!(live.count(), 15 + 1, "those of the dataset and the other's");
    }

    #[test]
    fn ids_keys_and_names_within_a_folder_are_unique_and_files_are_not_empty() {
        let packages = study().tree.packages;
        let unique = |count: usize, what: &str| assert_eq!(count, packages.len(), "{what}");
        unique(packages.iter().map(|package| package.id).collect::<BTreeSet<_>>().len(), "ids");
        unique(packages.iter().map(|package| &package.node_id).collect::<BTreeSet<_>>().len(), "node ids");
        let names = packages.iter().map(|package| (package.dataset, package.parent, package.name()));
        unique(names.collect::<BTreeSet<_>>().len(), "names");
        let files: Vec<_> = packages.iter().filter_map(Package::file).collect();
        assert_eq!(files.iter().map(|file| &file.key).collect::<BTreeSet<_>>().len(), files.len());
        assert!(files.iter().all(|file| !file.bytes.is_empty()));
    }
}
