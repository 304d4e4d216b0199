package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
)

// settings are DuckDB's own.
type settings struct {
	memory  string
	temp    string
	threads int
}

// open opens a database in memory, with the settings that make it fastest.
func open(ctx context.Context, s settings) (*sql.DB, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	db.SetMaxOpenConns(1)
	lines := []string{fmt.Sprintf("SET threads = %d", s.threads), "SET preserve_insertion_order = false"}
	if s.memory != "" {
		lines = append(lines, "SET memory_limit = "+quote(s.memory))
	}
	if s.temp != "" {
		lines = append(lines, "SET temp_directory = "+quote(s.temp))
	}
	for _, line := range lines {
		if _, err := db.ExecContext(ctx, line); err != nil {
			_ = db.Close()
			return nil, fmt.Errorf("set DuckDB up: %w", err)
		}
	}
	return db, nil
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// scan is the expression that reads a file: Parquet, or CSV with gzip, whose types are given so that none has to be guessed.
func scan(name, number string) (string, error) {
	if !strings.HasSuffix(name, ".csv.gz") {
		return "read_parquet(" + quote(name) + ")", nil
	}
	header, err := header(name)
	if err != nil {
		return "", err
	}
	var columns []string
	for _, c := range header {
		kind := "VARCHAR"
		if c == number {
			kind = "BIGINT"
		}
		columns = append(columns, quote(c)+": "+quote(kind))
	}
	return "read_csv(" + quote(name) + `, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', columns = {` +
		strings.Join(columns, ", ") + "})", nil
}

func header(name string) ([]string, error) {
	f, err := os.Open(name) //nolint:gosec // the file that was named
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	gz, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	line, err := bufio.NewReader(gz).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("read %s: header: %w", name, err)
	}
	return strings.Split(strings.TrimSpace(line), ","), nil
}
