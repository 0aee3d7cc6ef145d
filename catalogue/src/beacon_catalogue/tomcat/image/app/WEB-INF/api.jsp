<%-- Takes requests apart, finds who answers, and turns whatever is thrown into an answer.
     A page for errors, since other JSP pages may only be asked by GET and POST. --%>
<%@ page session="false" isErrorPage="true" trimDirectiveWhitespaces="true" contentType="application/json; charset=utf-8" %>
<%@ page import="java.io.*,java.net.*,java.nio.*,java.nio.channels.*,java.nio.charset.*,java.nio.file.*" %>
<%@ page import="java.nio.file.attribute.*,java.security.*,java.time.*,java.time.format.*,java.util.*" %>
<%@ page import="java.util.concurrent.*,java.util.stream.*,java.util.zip.*,javax.net.ssl.*,jakarta.websocket.*,jakarta.websocket.server.*" %>
<%@ include file="api/exchange.jspf" %>
<%@ include file="api/requests.jspf" %>
<%@ include file="api/files.jspf" %>
<%@ include file="api/data.jspf" %>
<%@ include file="api/work.jspf" %>
<%@ include file="api/outside.jspf" %>
<%@ include file="api/websocket.jspf" %>
<%!
    private final Map<String, Map<String, Handler>> routes = new HashMap<>();

    public void jspInit() {
        addRequests();
        addFiles();
        addData();
        addWork();
        addOutside();
        addWebSocket();
    }

    private void route(String path, String method, Handler handler) {
        routes.computeIfAbsent(path, any -> new HashMap<>()).put(method, handler);
    }

    private Object answer(Exchange exchange) throws Exception {
        Map<String, Handler> methods = routes.get(exchange.request.getPathInfo());
        if (methods == null) throw new Failure(404, "there is no such page");
        Handler handler = methods.getOrDefault(exchange.request.getMethod(), methods.get("ANY"));
        if (handler == null) throw new Failure(405, "not by this method");
        return handler.handle(exchange);
    }

    private void serve(Exchange exchange) throws IOException {
        try {
            Object result = answer(exchange);
            if (result != null) exchange.json(200, result);
        } catch (Failure failure) {
            exchange.json(failure.status, one("error", failure.getMessage()));
        } catch (Exception error) {
            log("answering " + exchange.request.getPathInfo(), error);
            if (!exchange.response.isCommitted()) exchange.json(500, one("error", String.valueOf(error.getMessage())));
        }
    }
%>
<% serve(new Exchange(request, response)); %>
