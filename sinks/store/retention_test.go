package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parallax/internal/audit"
)

// captured is a run that wrote a segment of one hour in each region for each of the given hours after noon.
func captured(id string, hours ...int) audit.Outcome {
	o := outcome(id, minutes(90))
	o.Job = "capture"
	for _, h := range hours {
		for _, region := range []audit.Region{"eu-west-1", "eu-west-2"} {
			o.Segments = append(o.Segments, audit.Segment{
				Name: fmt.Sprintf("keys/%s/shard/%d.parquet", region, h), Table: "keys", Region: region, Shard: "shard", First: fmt.Sprint(h), Last: fmt.Sprint(h),
				Records: 1, Window: audit.Window{From: noon.Add(time.Duration(h) * time.Hour), To: noon.Add(time.Duration(h+1) * time.Hour)}, SHA256: "00",
			})
		}
	}
	return o
}

func segmentNames(t *testing.T, s *Store) []string {
	t.Helper()
	all, err := s.Segments(t.Context(), "keys", audit.Window{From: noon, To: noon.Add(100 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return mapped(all, func(s audit.Segment) string { return s.Name })
}

func TestForgetSegments(t *testing.T) {
	s := fresh(t)
	o := captured("run-1", 0, 1, 2)
	o.Segments = slices.DeleteFunc(o.Segments, func(s audit.Segment) bool { return s.Name == "keys/eu-west-2/shard/1.parquet" })
	commit(t, s, o)
	starts, err := s.ArchiveStarts(t.Context(), "keys")
	if err != nil || len(starts) > 0 {
		t.Errorf("before anything was forgotten: %v, %v", starts, err)
	}
	// The second segment ends a second too late.
	gone, err := s.ForgetSegments(t.Context(), noon.Add(2*time.Hour-time.Second))
	if err != nil || !slices.Equal(gone, []string{"keys/eu-west-1/shard/0.parquet", "keys/eu-west-2/shard/0.parquet"}) {
		t.Errorf("forgot %v, %v", gone, err)
	}
	gone, err = s.ForgetSegments(t.Context(), noon.Add(2*time.Hour))
	if err != nil || !slices.Equal(gone, []string{"keys/eu-west-1/shard/1.parquet"}) {
		t.Errorf("then forgot %v, %v", gone, err)
	}
	left := []string{"keys/eu-west-1/shard/2.parquet", "keys/eu-west-2/shard/2.parquet"}
	if got := segmentNames(t, s); !slices.Equal(got, left) {
		t.Errorf("left: %v", got)
	}
	want := map[audit.Region]time.Time{"eu-west-1": noon.Add(2 * time.Hour), "eu-west-2": noon.Add(time.Hour)}
	if starts, err = s.ArchiveStarts(t.Context(), "keys"); err != nil || !cmp.Equal(starts, want) {
		t.Errorf("the archive starts at %v, %v; want %v", starts, err, want)
	}
	if starts, err = s.ArchiveStarts(t.Context(), "other"); err != nil || len(starts) > 0 {
		t.Errorf("of a table without an archive: %v, %v", starts, err)
	}
	known, err := s.KnownSegments(t.Context(), append(left, gone...))
	slices.Sort(known)
	if err != nil || !slices.Equal(known, left) {
		t.Errorf("known: %v, %v", known, err)
	}
}

// A start never moves back, even where an older segment comes and goes after it.
func TestArchiveStartNeverMovesBack(t *testing.T) {
	s := fresh(t)
	commit(t, s, captured("run-1", 5))
	for _, step := range []struct {
		run  string
		hour int
	}{{"", 5}, {"run-2", 1}} {
		if step.run != "" {
			commit(t, s, captured(step.run, step.hour))
		}
		if _, err := s.ForgetSegments(t.Context(), noon.Add(10*time.Hour)); err != nil {
			t.Fatal(err)
		}
		starts, err := s.ArchiveStarts(t.Context(), "keys")
		if err != nil || !starts["eu-west-1"].Equal(noon.Add(6*time.Hour)) {
			t.Errorf("starts %v, %v", starts, err)
		}
	}
}

// What is broken off has forgotten nothing.
func TestForgetSegmentsAllOrNothing(t *testing.T) {
	s := fresh(t)
	commit(t, s, captured("run-1", 0, 1))
	before := segmentNames(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.ForgetSegments(ctx, noon.Add(9*time.Hour)); err == nil {
		t.Error("no error though cancelled")
	}
	if err := s.exec(t, `create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$`); err != nil {
		t.Fatal(err)
	}
	if err := s.exec(t, `create trigger refuse before delete on parallax.archive_segment execute function refuse()`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ForgetSegments(t.Context(), noon.Add(9*time.Hour)); err == nil {
		t.Error("no error though the second statement failed")
	}
	starts, err := s.ArchiveStarts(t.Context(), "keys")
	if after := segmentNames(t, s); err != nil || len(starts) > 0 || !slices.Equal(after, before) {
		t.Errorf("%v left of %v, starts %v, %v", after, before, starts, err)
	}
}
