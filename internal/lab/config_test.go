package lab

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestConfigLeadsToEveryServer: each address in the file answers, and nothing is left of the template.
func TestConfigLeadsToEveryServer(t *testing.T) {
	stages := map[string]bool{}
	w, err := Build(t.Context(), Options{
		Dir: t.TempDir(), Payments: MinPayments, Progress: func(stage string, _, _ int) { stages[stage] = true },
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(w.ConfigPath())
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if strings.Contains(text, "{{") || strings.Contains(text, "<no value>") || strings.Contains(text, `dsn: "", `) {
		t.Errorf("the configuration is not filled in:\n%s", text)
	}
	urls := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindAllString(text, -1)
	if len(urls) != 10 {
		t.Errorf("endpoints %v", urls)
	}
	for _, url := range urls {
		response, err := http.Get(url)
		if err != nil {
			t.Error(err)
			continue
		}
		_ = response.Body.Close()
	}
	for _, role := range []string{dublin, london, "snapshot"} {
		if !strings.Contains(text, `"`+w.ledger.pair.DSN(role)+`"`) {
			t.Errorf("the address of %s is not in the configuration", role)
		}
	}
	if !stages["starting servers"] {
		t.Errorf("stages told: %v", stages)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(urls[0]); err == nil { //nolint:bodyclose // there must be none
		t.Error("a closed world still answers")
	}
}
