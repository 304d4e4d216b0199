package report

import (
	"os"
	"testing"
)

func TestRender(t *testing.T) {
	for _, f := range []Format{HTML, Print, JSON, XLSX} {
		w, err := os.Create("/tmp/chrome-D5/full." + string(f))
		if err != nil {
			t.Fatal(err)
		}
		if err := WriteDossier(w, f, fullDossier()); err != nil {
			t.Fatal(err)
		}
		w.Close()
	}
	os.Rename("/tmp/chrome-D5/full.print", "/tmp/chrome-D5/fullprint.html")
}
