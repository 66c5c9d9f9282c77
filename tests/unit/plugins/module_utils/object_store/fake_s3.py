# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small S3 server for the tests of s3_bucket_check: in memory, over real HTTP, with faults to plant.

It checks signatures of the query by their presence and shape only: zeros are wrong. What it answers is written after MinIO's answers.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import http.server
import re
import threading
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class FakeS3(http.server.ThreadingHTTPServer):
    """The server. Faults are attributes, set by the constructor."""

    daemon_threads = True

    def __init__(self, **faults):
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects = {}
        self.uploads = {}
        self.origin = "https://wandb.test"
        self.expose = "ETag"
        self.preflight_status = 204
        self.preflight_methods = "GET, PUT, HEAD"
        self.preflight_headers = "*"
        self.region = ""
        self.skew = 0
        self.refuse = {}  # operation -> (status, code)
        self.public = False
        self.versioning = "<Status>Enabled</Status>"
        self.lifecycle = ""
        self.ignore_expiry = False
        self.trailers = True
        self.plus_is_blank = False
        self.changes = None  # a function: under which name an object is kept
        self.takes = None  # a function: whether the server has such names
        self.no_empty = False
        self.path_style = (0, "")  # status and code instead of an answer to requests with the bucket in the path
        self.ignore_signature = False
        self.ignore_range = False
        self.ignore_disposition = False
        self.corrupt = False
        self.other_etag = False
        self.forget_abort = False
        self.hide = False
        self.keep_deleted = False
        self.redirect_presigned = False
        self.buckets = ["wandb-files"]
        self.stranger = (403, "AccessDenied")  # what another bucket answers
        self.software = "MinIO"
        for name, value in faults.items():
            assert hasattr(self, name), name
            setattr(self, name, value)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FakeS3

    def log_message(self, *arguments):
        """Be quiet."""

    def version_string(self):
        return self.server.software

    def date_time_string(self, timestamp=None):
        return email.utils.format_datetime(dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=self.server.skew), usegmt=True)

    # --- plumbing ------------------------------------------------------------------------------------------------------

    def answer(self, status, body=b"", **headers):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        origin = self.headers.get("Origin")
        if origin and self.command != "OPTIONS" and self.server.origin in ("*", origin):
            self.send_header("Access-Control-Allow-Origin", self.server.origin)
            if self.server.expose:
                self.send_header("Access-Control-Expose-Headers", self.server.expose)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        elif "Content_Length" not in headers:
            self.send_header("Content-Length", "0")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code):
        self.answer(status, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>planted</Message></Error>")

    def body(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return raw
        data = b""
        while raw:  # the chunks of current SDKs, with a checksum as trailer
            size, dummy, raw = raw.partition(b"\r\n")
            length = int(size.split(b";")[0], 16)
            if not length:
                break
            data, raw = data + raw[:length], raw[length + 2 :]
        return data

    def handle_any(self):
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        dummy, self.bucket, self.key = (unquote(parts.path).split("/", 2) + ["", ""])[:3]
        self.query, self.data = query, self.body()
        if self.server.plus_is_blank:
            self.key = self.key.replace("+", " ")
        if self.server.changes:
            self.key = self.server.changes(self.key)
        if self.command == "PUT" and self.server.takes and not self.server.takes(self.key):
            return self.error(400, "InvalidArgument")
        if self.server.path_style[0]:
            return self.error(*self.server.path_style)
        presigned = "X-Amz-Signature" in query
        signed = presigned or "Authorization" in self.headers
        name = self.operation()
        if signed and self.bucket not in ("", "wandb-files"):
            return self.error(*self.server.stranger)
        if self.command == "OPTIONS":
            return self.preflight()
        if presigned and self.server.redirect_presigned:
            return self.answer(307, Location="https://elsewhere.test" + self.path)
        if not signed and not (self.server.public and self.command == "GET"):
            return self.error(403, "AccessDenied")
        if presigned and set(query["X-Amz-Signature"]) == {"0"} and not self.server.ignore_signature:
            return self.error(403, "SignatureDoesNotMatch")
        if presigned and not self.server.ignore_expiry:
            signed_at = dt.datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.timezone.utc)
            if signed_at + dt.timedelta(seconds=int(query["X-Amz-Expires"])) < dt.datetime.now(dt.timezone.utc):
                return self.error(403, "AccessDenied")
        if {"x-amz-trailer", "x-amz-checksum-crc32"} & {name.lower() for name in self.headers} and not self.server.trailers:
            return self.error(501, "NotImplemented")
        for refused in (name, ("presigned_" if presigned else "signed_") + self.command.lower()):
            if refused in self.server.refuse:
                return self.error(*self.server.refuse[refused])
        return getattr(self, name)()

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = do_OPTIONS = handle_any

    def operation(self):
        if not self.bucket:
            return "list_buckets"
        if not self.key:
            special = [name for name in ("versioning", "lifecycle") if name in self.query]
            return special[0] if special else "location" if "location" in self.query else "list_uploads" if "uploads" in self.query else "list_objects"
        if "uploadId" in self.query:
            return {"PUT": "upload_part", "POST": "complete", "DELETE": "abort"}.get(self.command, "upload_part")
        if "uploads" in self.query:
            return "create_upload"
        if self.command == "PUT" and "x-amz-copy-source" in self.headers:
            return "copy"
        return {"GET": "get", "HEAD": "head", "PUT": "put", "DELETE": "delete"}.get(self.command, "get")

    # --- operations ----------------------------------------------------------------------------------------------------

    def preflight(self):
        server, origin = self.server, self.headers.get("Origin", "")
        if server.origin not in ("*", origin):
            return self.answer(server.preflight_status)
        return self.answer(
            server.preflight_status,
            Access_Control_Allow_Origin=server.origin,
            Access_Control_Allow_Methods=server.preflight_methods,
            Access_Control_Allow_Headers=server.preflight_headers,
        )

    def etag(self, data):
        return '"' + ("0" * 32 if self.server.other_etag else hashlib.md5(data).hexdigest()) + '"'

    def list_buckets(self):
        names = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in self.server.buckets)
        self.answer(200, f"<ListAllMyBucketsResult><Buckets>{names}</Buckets></ListAllMyBucketsResult>")

    def location(self):
        self.answer(200, f"<LocationConstraint>{self.server.region}</LocationConstraint>")

    def versioning(self):
        self.answer(200, f"<VersioningConfiguration>{self.server.versioning}</VersioningConfiguration>")

    def lifecycle(self):
        if not self.server.lifecycle:
            return self.error(404, "NoSuchLifecycleConfiguration")
        return self.answer(200, f"<LifecycleConfiguration>{self.server.lifecycle}</LifecycleConfiguration>")

    def list_objects(self):
        prefix = self.query.get("prefix", "")
        keys = [] if self.server.hide else [key for key in self.server.objects if key.startswith(prefix)]
        self.answer(200, "<ListBucketResult>" + "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys) + "</ListBucketResult>")

    def list_uploads(self):
        entries = "".join(f"<Upload><Key>{escape(key)}</Key><UploadId>{name}</UploadId></Upload>" for name, (key, dummy) in self.server.uploads.items())
        self.answer(200, f"<ListMultipartUploadsResult>{entries}</ListMultipartUploadsResult>")

    def put(self):
        if self.server.no_empty and not self.data:
            return self.error(400, "MissingContentLength")
        self.server.objects[self.key] = self.data
        return self.answer(200, ETag=self.etag(self.data))

    def head(self):
        if self.key not in self.server.objects:
            return self.error(404, "NoSuchKey")
        data = self.server.objects[self.key]
        return self.answer(200, ETag=self.etag(data), Content_Length=str(len(data)))

    def get(self):
        if self.key not in self.server.objects:
            return self.error(404, "NoSuchKey")
        data = self.server.objects[self.key]
        headers = {"ETag": self.etag(data)}
        if "response-content-disposition" in self.query and not self.server.ignore_disposition:
            headers["Content_Disposition"] = self.query["response-content-disposition"]
        if self.server.corrupt:
            data = data[::-1]
        wanted = re.match(r"bytes=(\d+)-(\d+)$", self.headers.get("Range", ""))
        if wanted and not self.server.ignore_range:
            first, last = int(wanted.group(1)), int(wanted.group(2))
            return self.answer(206, data[first : last + 1], Content_Range=f"bytes {first}-{last}/{len(data)}", **headers)
        return self.answer(200, data, **headers)

    def delete(self):
        if not self.server.keep_deleted:
            self.server.objects.pop(self.key, None)
        self.answer(204)

    def copy(self):
        source = unquote(self.headers["x-amz-copy-source"]).lstrip("/").split("/", 1)[1]
        self.server.objects[self.key] = self.server.objects[source]
        self.answer(200, f"<CopyObjectResult><ETag>{self.etag(self.server.objects[source])}</ETag></CopyObjectResult>")

    def create_upload(self):
        name = f"upload{len(self.server.uploads)}"
        self.server.uploads[name] = (self.key, {})
        self.answer(200, f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId></InitiateMultipartUploadResult>")

    def upload_part(self):
        self.server.uploads[self.query["uploadId"]][1][int(self.query["partNumber"])] = self.data
        self.answer(200, ETag=self.etag(self.data))

    def complete(self):
        key, parts = self.server.uploads.pop(self.query["uploadId"])
        self.server.objects[key] = b"".join(parts[number] for number in sorted(parts))
        self.answer(200, "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")

    def abort(self):
        if not self.server.forget_abort:
            self.server.uploads.pop(self.query["uploadId"], None)
        self.answer(204)
