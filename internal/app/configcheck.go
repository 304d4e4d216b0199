package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"parallax/internal/config"
	"parallax/schedules"
	"parallax/sinks/report"
)

// storeDir is where the private PostgreSQL keeps its data.
func storeDir(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "postgres") }

// DescribeConfig checks what only the application can check and says in a few lines what the configuration means.
func DescribeConfig(w io.Writer, output string, cfg *config.Config, path string) error {
	format, err := report.ParseFormat(output, report.Table, report.JSON)
	if err != nil {
		return err
	}
	var wrong config.Problems
	for _, name := range slices.Sorted(maps.Keys(cfg.Schedules)) {
		key := "schedules." + name
		if !slices.Contains(JobNames(), name) {
			wrong = append(wrong, cfg.Problem(key, "no such job; jobs are "+strings.Join(JobNames(), ", ")))
			continue
		}
		if _, err := schedules.Parse(cfg.Schedules[name]); err != nil {
			wrong = append(wrong, cfg.Problem(key, err.Error()))
		}
	}
	var rules config.Problems
	if errors.As(checkRules(cfg), &rules) {
		wrong = append(wrong, rules...).Sorted()
	}
	if len(wrong) > 0 {
		return wrong
	}
	if format == report.JSON {
		return json.NewEncoder(w).Encode(map[string]any{"path": cfg.Path, "ok": true})
	}
	store := "private PostgreSQL in " + storeDir(cfg)
	if cfg.Store.DSN.Set() {
		store = cfg.Store.DSN.String()
	}
	_, err = fmt.Fprintf(w, "%s is good: %d regions, %d tables, %d ledgers, %d bucket pairs, %d settlement feeds\nfindings store: %s\n",
		path, len(cfg.Regions), len(cfg.Tables), len(cfg.Ledgers), len(cfg.Receipts), len(cfg.Settlement), store)
	return err
}
