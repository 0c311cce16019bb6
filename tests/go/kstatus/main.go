// Command kstatus reads an object of Kubernetes, as JSON, from standard input, and prints in a line each what
// kstatus takes it to be and why: what Flux, kpt and other tools wait for and report.
//
// Flux builds with a fork, github.com/fluxcd/cli-utils, whose rules are the same: in v1.3.0 the package differs
// from v0.37.2 of the original in its import path only.
package main

import (
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		return err
	}
	result, err := status.Compute(object)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n%s\n", result.Status, result.Message)
	return nil
}
