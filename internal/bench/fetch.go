package main

import (
	"context"
	"crypto/md5" //nolint:gosec // the checksum of an inventory's files
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// fetchChild does what has to be done before a query engine can read two inventories from the disk: it fetches their files over
// HTTP, several at a time, and adds up their MD5s on the way.
func fetchChild(ctx context.Context, args []string, out io.Writer) error {
	var b buckets
	if len(args) != 1 {
		return errors.New("it is not told what to fetch")
	}
	if err := json.Unmarshal([]byte(args[0]), &b); err != nil {
		return err
	}
	start := time.Now()
	var urls []string
	for _, d := range b.Sides {
		for _, path := range d.Files {
			key, err := filepath.Rel(d.Folder, path)
			if err != nil {
				return err
			}
			urls = append(urls, b.URL+"/"+filepath.Base(d.Folder)+"/"+filepath.ToSlash(key))
		}
	}
	if err := fetchAll(ctx, b.Temp, urls); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(joined{Seconds: time.Since(start).Seconds()})
}

func fetchAll(ctx context.Context, dir string, urls []string) error {
	errs := make([]error, len(urls))
	slots := make(chan struct{}, runtime.NumCPU())
	var all sync.WaitGroup
	for i, url := range urls {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = fetchOne(ctx, dir, url)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func fetchOne(ctx context.Context, dir, url string) (err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("fetch %s: %s", url, answer.Status)
	}
	file, err := os.CreateTemp(dir, "fetched-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	_, err = io.CopyBuffer(io.MultiWriter(file, md5.New()), answer.Body, make([]byte, 1<<20)) //nolint:gosec // see the import
	return err
}

// total is what a peer takes together with what has to be done before it.
func total(before, run joined) joined {
	run.Seconds += before.Seconds
	run.CPU += before.CPU
	run.Peak = max(run.Peak, before.Peak)
	return run
}
