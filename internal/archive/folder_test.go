package archive_test

import (
	"testing"

	"parallax/internal/archive"
	"parallax/internal/archive/archivetest"
)

func TestFolderIsAPlace(t *testing.T) {
	archivetest.Exercise(t, archive.Folder(t.TempDir()+"/archive"))
}

func TestMemoryIsAPlace(t *testing.T) {
	archivetest.Exercise(t, archive.NewMemory())
}
