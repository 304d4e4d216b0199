package ddbtable_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"parallax/internal/record"
	"parallax/sources/ddbtable"
)

// What goes in comes out, and all prints of a key in one part.
func TestSpoolKeepsEveryPrint(t *testing.T) {
	for _, n := range []int{0, 10, 40_000} {
		dir := t.TempDir()
		s, err := ddbtable.NewSpool(dir, int64(n))
		if err != nil {
			t.Fatal(err)
		}
		for region := range 2 {
			for i := 0; i < n; i += 100 {
				var page []ddbtable.Item
				for k := i; k < i+100 && k < n; k++ {
					page = append(page, spooled(k))
				}
				if err := s.Add(region, page); err != nil {
					t.Fatal(err)
				}
			}
		}
		seen, at := map[string]int{}, map[string]int{}
		for part := range s.Parts() {
			for p, err := range s.Part(t.Context(), part) {
				if err != nil {
					t.Fatal(err)
				}
				if before, known := at[p.Key]; known && before != part {
					t.Fatalf("%q lies in parts %d and %d", p.Key, before, part)
				}
				at[p.Key] = part
				seen[p.Key] |= 1 << p.Region
				var k int
				if _, err := fmt.Sscanf(p.Key, "k%d", &k); err != nil || p.Key != spooled(k).Key {
					t.Fatalf("key %q", p.Key)
				}
				if sum := sha256.Sum256([]byte(spooled(k).Image)); p.Image != [16]byte(sum[:16]) {
					t.Fatalf("%q has another image", p.Key)
				}
			}
		}
		if len(seen) != n {
			t.Errorf("%d keys, want %d", len(seen), n)
		}
		for key, regions := range seen {
			if regions != 3 {
				t.Fatalf("%q: regions %b", key, regions)
			}
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("a file has a name: %v", left)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// spooled is an item whose key has any length.
func spooled(k int) ddbtable.Item {
	return ddbtable.Item{Key: fmt.Sprintf("k%d", k) + strings.Repeat("/é", k%200), Image: record.Image(fmt.Sprint(k))}
}

func TestSpoolSaysWhatFails(t *testing.T) {
	if _, err := ddbtable.NewSpool("/nowhere/at/all", 1); err == nil {
		t.Error("no error for a folder that is not there")
	}
	s, err := ddbtable.NewSpool(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var all []ddbtable.Item
	for k := range 20_000 {
		all = append(all, spooled(k))
	}
	if err := s.Add(0, all); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.Part(ctx, 0) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("err %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(0, all); !errors.Is(err, os.ErrClosed) {
		t.Errorf("err %v", err)
	}
	for _, err := range s.Part(t.Context(), 0) {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("err %v", err)
		}
	}
}
