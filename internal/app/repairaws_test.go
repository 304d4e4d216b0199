package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// awsOnPath puts a stand-in for the AWS command line on the path, which sends what it is given to the tables of a world.
func awsOnPath(t *testing.T, a *App) {
	t.Helper()
	endpoints := map[string]string{}
	for region, e := range a.cfg.AWS.Endpoints {
		endpoints[string(region)] = e.DynamoDB
	}
	where, err := json.Marshal(endpoints)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' -test.run '^TestAWSCommandLine$' -- \"$@\"\n", self)
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(script), 0o700); err != nil { //nolint:gosec // it has to be executable
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("PARALLAX_TEST_DYNAMODB", string(where))
}

// runScript runs a script while a world's time goes on, second by second.
func runScript(t *testing.T, path string, now time.Time, advance func(time.Time)) (said string, err error) {
	t.Helper()
	over, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for ; ; now = now.Add(time.Second) {
			select {
			case <-over:
				return
			case <-time.After(50 * time.Millisecond):
				advance(now)
			}
		}
	}()
	out, err := exec.CommandContext(t.Context(), "sh", path).CombinedOutput()
	close(over)
	<-stopped
	return string(out), err
}

// TestAWSCommandLine is no test but the stand-in for "aws dynamodb OPERATION --region R --cli-input-json file://F", run as a
// process of its own by awsOnPath. Like the real one it prints the service's error and ends with 254.
func TestAWSCommandLine(*testing.T) {
	where := os.Getenv("PARALLAX_TEST_DYNAMODB")
	at := slices.Index(os.Args, "--")
	if where == "" || at < 0 {
		return
	}
	if err := sendDynamoDB(where, os.Args[at+1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(254)
	}
	os.Exit(0)
}

func sendDynamoDB(where string, args []string) error {
	var endpoints map[string]string
	if err := json.Unmarshal([]byte(where), &endpoints); err != nil {
		return err
	}
	actions := map[string]string{"put-item": "PutItem", "update-item": "UpdateItem", "delete-item": "DeleteItem", "get-item": "GetItem"}
	if len(args) < 6 || args[0] != "dynamodb" || actions[args[1]] == "" || args[2] != "--region" || args[4] != "--cli-input-json" {
		return fmt.Errorf("unknown arguments %q", args)
	}
	body, err := os.ReadFile(strings.TrimPrefix(args[5], "file://"))
	if err != nil {
		return err
	}
	for { // the stand-in throttles now and then
		request, err := http.NewRequest(http.MethodPost, endpoints[args[3]], bytes.NewReader(body)) //nolint:noctx // a process of its own
		if err != nil {
			return err
		}
		request.Header.Set("X-Amz-Target", "DynamoDB_20120810."+actions[args[1]])
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=lab/20261118/"+args[3]+"/dynamodb/aws4_request, Signature=none")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close() // read to its end
		if err == nil && args[1] == "get-item" && answer.StatusCode == http.StatusOK {
			var item struct{ Item map[string]struct{ S string } }
			err = json.Unmarshal(text, &item)
			if args[7] == "length(Item || '')" {
				fmt.Println(len(item.Item))
				return err
			}
			fmt.Println(item.Item[strings.Trim(strings.TrimSuffix(strings.TrimPrefix(args[7], "Item."), ".S"), `"`)].S)
		}
		if err != nil || answer.StatusCode == http.StatusOK {
			return err
		}
		if !bytes.Contains(text, []byte("ThroughputExceeded")) && !bytes.Contains(text, []byte("Throttling")) {
			return fmt.Errorf("an error occurred (%s)", text)
		}
	}
}
