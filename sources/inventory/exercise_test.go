package inventory_test

import (
	"net/http"
	"testing"

	"parallax/internal/lab/buckets"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/inventory"
	"parallax/sources/sourcetest"
)

func TestExercise(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 9000)
	o := newWorld(t, func(o *buckets.Options) { o.Formats = map[string]string{dublin: buckets.ORC} })
	o.fill(t, 9000)
	refused := func(action string) func(*testing.T) pipeline.Source[record.Object] {
		return func(t *testing.T) pipeline.Source[record.Object] {
			w.Fault(func(r buckets.Request) buckets.Fault {
				if r.Action != action {
					return buckets.Fault{}
				}
				return buckets.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Message: "no"}
			})
			t.Cleanup(func() { w.Fault(nil) })
			return w.source(dublin)
		}
	}
	changed := func(change func(*inventory.Source)) func(*testing.T) pipeline.Source[record.Object] {
		return func(*testing.T) pipeline.Source[record.Object] {
			src := w.source(dublin)
			change(&src)
			return src
		}
	}
	for name, change := range map[string]func(*inventory.Source){
		"csv":     func(*inventory.Source) {},
		"parquet": func(s *inventory.Source) { *s = w.source(london) },
		"orc":     func(s *inventory.Source) { *s = o.source(dublin) },
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Exercise(t, sourcetest.Case[record.Object]{
				Open: changed(change), Window: wholeDay(), Records: 9000,
				ID: func(o record.Object) string { return o.Key + " " + o.VersionID },
				Unreachable: map[string]func(*testing.T) pipeline.Source[record.Object]{
					"nobody there":    changed(func(s *inventory.Source) { s.Client = client(dublin, "http://127.0.0.1:1") }),
					"no bucket":       changed(func(s *inventory.Source) { s.Inventory.Bucket = "elsewhere" }),
					"none delivered":  changed(func(s *inventory.Source) { s.Inventory.ID = "weekly" }),
					"listing refused": refused("ListObjectsV2"),
					"files refused":   refused("GetObject"),
				},
			})
		})
	}
}
